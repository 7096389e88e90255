import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { http, HttpResponse } from 'msw'
import { Webhook } from 'standardwebhooks'
import { expect, it, onTestFinished, test } from 'vitest'
import { fingerprintOf } from '../../../src/ownership/accounts.ts'
import { verifyCopy } from '../../../src/backup/verify.ts'
import { systemIds } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { exportKinds } from '../../../src/db/ports/exports.ts'
import { sealedColumns, type SealedColumn } from '../../../src/db/ports/sealed.ts'
import { copyDatabase, wrappedPepperIn } from '../../../src/db/sqlite/file/copy.ts'
import { examine } from '../../../src/doctor/examine.ts'
import { exportTenant } from '../../../src/export/tenant-export.ts'
import { copySigner } from '../../../src/vault/copy-signer.ts'
import { sealedRow } from '../../../src/vault/sealed-rows.ts'
import { tickHandler } from '../../../src/webhooks/inbox/handler.ts'
import { receiver } from '../webhooks/receiver.ts'
import { relayOf } from '../webhooks/relay-rooms.ts'
import { callMethod, testApp, type Json } from '../../support/app.ts'
import { aBridgeAccount, bridgeUrl, signBridgeWebhook } from '../../support/bridge.ts'
import { testClock } from '../../support/clock.ts'
import { countRows, earlier, writeEarlierDatabase } from '../../support/earlier-database.ts'
import { unhandledIn } from '../../support/store.ts'

const master = { MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
const minute = 60_000

/** Today's server on that database, a quarter of an hour later. */
async function reopened() {
  const { database, rows } = writeEarlierDatabase()
  const made = await testApp({
    database,
    env: { BRIDGE_WEBHOOK_SECRETS: earlier.bridgeWebhookSecret, DATA_DIR: dirname(database) },
    clock: testClock(earlier.at + 15 * minute),
    ids: systemIds,
  })
  const raw = new Sqlite(database)
  onTestFinished(() => void raw.close())
  const site = raw.prepare("SELECT id FROM sites WHERE name = 'erp.acme.test'").get() as {
    id: string
  }
  const { keys } = earlier
  const acme = (await made.app.store.findTenant('acme'))!
  return { ...made, database, rows, raw, site, acme, as: { as: { authorization: keys.site } } }
}

it('holds a row in every table, and opening it loses none', async () => {
  const { rows, raw } = await reopened()

  expect(Object.values(rows)).not.toContain(0)
  expect(countRows(raw)).toMatchObject(rows)
})

it('each key opens what it opened', async () => {
  const { app } = await reopened()

  const answers: Record<string, Json> = {}
  for (const [name, authorization] of Object.entries(earlier.keys)) {
    const as = { authorization }
    const answer = await callMethod(app, 'frappe.auth.get_logged_user', {}, { as })
    answers[name] = answer.status === 200 ? answer.message : answer.status
  }

  expect(answers).toEqual({
    tenant: 'acme',
    site: 'erp.acme.test',
    rotated: 'erp.acme.test',
    rotatedBefore: 'erp.acme.test',
    older: 'shop.acme.test',
    revoked: 401,
    expired: 401,
    disabled: 401,
  })
})

it('requests are as they were left', async () => {
  const { app, as } = await reopened()

  const states: Record<string, Json> = {}
  for (const [name, request] of Object.entries(earlier.requests)) {
    states[name] = (await callMethod(app, 'get_bridge_item_id', { request }, as)).message
  }

  expect(states).toMatchObject({
    completed: { status: 'completed', success: true, item_id: 2002 },
    edit: { status: 'completed', success: true, item_id: 2002 },
    failed: { status: 'failed', success: false },
    expiring: { status: 'expired' },
    // Their day is over by now.
    pending: { status: 'expired' },
    claimed: { status: 'expired' },
    matched: { status: 'expired' },
  })
})

it('everything sealed opens, and says what it said', async () => {
  const { app, site } = await reopened()
  const { store, keyring } = app

  const texts = {} as Record<SealedColumn, Record<string, string>>
  for (const column of sealedColumns) {
    const values = await store.listSealed(column, null, 1_000)
    texts[column] = Object.fromEntries(
      values.map(({ key, rowId, sealed }) => [
        key,
        keyring.open(sealed, sealedRow[column](rowId)).toString(),
      ]),
    )
  }

  const all = (column: SealedColumn) => Object.values(texts[column])
  expect(texts['webhook-secret'][site.id]).toBe(earlier.webhookSecret)
  expect(all('webhook-secret')).toHaveLength(4)
  expect(all('previous-webhook-secret')).toEqual([expect.stringMatching(/^whsec_/)])
  expect(all('user-email').toSorted()).toEqual(
    ['late', 'bob', 'cat', 'dan', 'eve', 'fay'].map((name) => `${name}@acme.test`).toSorted(),
  )
  expect(all('event-body')).toHaveLength(13)
  expect(all('event-body')).toContain(earlier.lastBody)
  expect(new Set(all('response'))).toEqual(
    new Set(['{"message":"thank you"}', '{"message":"not now"}']),
  )
})

it('what waited is delivered, each once, signed with the secret its site has', async () => {
  const { app, clock, site, raw } = await reopened()
  const { store } = app
  const at = await receiver()
  await store.updateSite(site.id, { webhookUrl: at.url }, { actor: 'test', at: clock.now() })
  const waiting = raw
    .prepare(
      `SELECT events.id FROM deliveries JOIN events ON events.seq = event_seq
       WHERE deliveries.site_id = ? AND state = 'pending' ORDER BY event_seq`,
    )
    .pluck()
    .all(site.id)
  const relay = relayOf(app)

  for (let round = 0; round < 10; round += 1) while (await relay.tick());

  expect(waiting).toHaveLength(5)
  const got = at.posts.map(({ headers }) => String(headers['webhook-id']))
  expect(got.toSorted()).toEqual(waiting)
  expect(at.posts.map(({ body }) => body)).toContain(earlier.lastBody)
  const webhook = new Webhook(earlier.webhookSecret)
  for (const { headers, body } of at.posts) {
    const [id, time] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])]
    const signature = webhook.sign(id, new Date(time * 1_000), body)
    expect(String(headers['webhook-signature']).split(' ')[0]).toBe(signature)
  }
})

it('a webhook that Bridge repeats is known', async () => {
  const { app, raw } = await reopened()
  const count = () => raw.prepare('SELECT count(*) FROM events').pluck().get()
  const before = count()

  const answer = await app.inject({
    method: 'POST',
    url: '/webhooks/bridge',
    payload: earlier.lastBody,
    headers: {
      'bridgeapi-signature': signBridgeWebhook(earlier.lastBody, earlier.bridgeWebhookSecret),
    },
  })

  expect(answer.statusCode).toBe(200)
  expect(count()).toBe(before)
})

it('a renewal link that a site was sent shows its page', async () => {
  const { app } = await reopened()

  const answer = await app.inject(`/renew/${earlier.renewalToken}`)

  expect(answer.statusCode).toBe(200)
  expect(answer.body).toContain('erp.acme.test')
})

it('a user who was to be made at Bridge is made under the same name', async () => {
  const { app, bridge } = await reopened()
  const named: unknown[] = []
  bridge.use(
    http.post(`${bridgeUrl}/v3/aggregation/users`, async ({ request }) => {
      named.push(((await request.json()) as Json).external_user_id)
      return HttpResponse.json({}, { status: 503 })
    }),
  )

  await callMethod(
    app,
    'get_bridge_connect_link',
    { redirect_url: 'https://shop.acme.test/app', user: 'gus', email: 'gus@acme.test' },
    { as: { authorization: earlier.keys.older } },
  )

  expect(named).toEqual([earlier.externalUserId])
})

it('an IBAN that is the same has the fingerprint it had', async () => {
  const { app, raw } = await reopened()
  const account = raw
    .prepare('SELECT item_id, iban_fingerprint AS earlier FROM accounts WHERE item_id = 2002')
    .get() as { item_id: number; earlier: Buffer }

  const today = fingerprintOf(
    app.keyring,
    aBridgeAccount({ item_id: account.item_id, iban: 'fr76 3000 1000 7941 2345 6789 02' }),
  )

  expect(today).toEqual(account.earlier)
})

it('events that nobody had applied are applied', async () => {
  const { app, clock, raw } = await reopened()
  const { store, keyring, log } = app
  for (const { id } of await store.listMembers()) await store.removeMember(id) // the server that wrote it
  const unhandled = () => unhandledIn(store, clock.now())
  expect(await unhandled()).toHaveLength(2)

  const deps = { store, memberId: 'srv_test', keyring, clock, log }
  await tickHandler({ ...deps, onRefreshed: async () => undefined })

  expect(await unhandled()).toEqual([])
  expect(raw.prepare('SELECT updated_at FROM items WHERE id = 1001').pluck().get()).toBe(earlier.at)
})

test('copies of it are signed as they were, and one is verified', async () => {
  const { database, clock } = await reopened()
  const config = loadConfig({
    ...master,
    BRIDGE_CLIENT_ID: 'client-id-of-the-operator',
    BRIDGE_CLIENT_SECRET: 's',
    DATA_DIR: dirname(database),
  })
  const signerOf = copySigner(config, clock)

  const { installation, key } = signerOf(wrappedPepperIn(database)!)
  const copy = join(dirname(database), 'copy.sqlite')
  copyDatabase(database, copy, signerOf)

  expect({ installation, key: key.toString('hex') }).toEqual(earlier.copies)
  expect(await verifyCopy(copy, { config, clock })).toMatchObject({
    ok: true,
    problems: [],
    installation,
  })
})

it('the doctor can examine all of it, and finds nothing critical', async () => {
  const { app, clock, database } = await reopened()
  const { store } = app
  await store.joinMembers(
    { id: 'srv_now', host: 'here', pid: 1 },
    { at: clock.now(), silentSince: clock.now() },
  )

  const findings = await examine({
    config: loadConfig({
      ...master,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://bank.test',
      BRIDGE_CLIENT_ID: 'client-id-of-the-operator',
      BRIDGE_CLIENT_SECRET: 's',
      BRIDGE_WEBHOOK_SECRETS: earlier.bridgeWebhookSecret,
      DATA_DIR: dirname(database),
    }),
    store,
    clock,
    machineClock: clock,
    publicUrl: 'https://bank.test',
    bridgeOrigin: bridgeUrl,
    credentials: { clientId: 'c', clientSecret: 's' },
    probes: {
      get: async () => ({ status: 200, date: clock.now(), body: '{"status":"live"}' }),
      resolve: async () => ['93.184.215.14'],
      certificateEnd: async () => clock.now() + 60 * 24 * 60 * minute,
      disk: async () => ({ freeBytes: 1024 ** 4, type: 0xef53 }),
      greetMailServer: async () => {},
    },
  })

  expect(findings.filter(({ level }) => level === 'critical')).toEqual([])
  expect(findings.filter(({ message }) => message.startsWith('could not'))).toEqual([])
  expect(findings.length).toBeGreaterThan(9)
})

it('a tenant’s export has all that is the tenant’s, in the clear', async () => {
  const { app, acme, raw, clock } = await reopened()

  const pieces: string[] = []
  for await (const piece of exportTenant(app, acme, clock.now())) pieces.push(piece)
  const exported = JSON.parse(pieces.join('')) as Record<string, Record<string, unknown>[]>

  const counted = (sql: string) => raw.prepare(sql).pluck().get(acme.id)
  const ofSites = (table: string) =>
    `SELECT count(*) FROM ${table} WHERE site_id IN (SELECT id FROM sites WHERE tenant_id = ?)`
  const later = new Set(['lost_accounts']) // that version remembered none
  for (const kind of exportKinds) if (!later.has(kind)) expect(exported[kind], kind).not.toEqual([])
  expect(exported['sites']).toHaveLength(2)
  expect(exported['keys']).toHaveLength(6)
  expect(exported['users']).toHaveLength(Number(counted(ofSites('bridge_users'))))
  expect(exported['events']).toHaveLength(Number(counted(ofSites('events'))))
  expect(exported['deliveries']).toHaveLength(Number(counted(ofSites('deliveries'))))
  expect(exported['events']).toContainEqual(expect.objectContaining({ body: earlier.lastBody }))
  expect(exported['users']).toContainEqual(expect.objectContaining({ email: 'bob@acme.test' }))
  expect(exported['attempts']).toContainEqual(
    expect.objectContaining({ response: '{"message":"thank you"}' }),
  )
})
