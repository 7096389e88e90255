import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { Webhook } from 'standardwebhooks'
import { expect, it, onTestFinished } from 'vitest'
import { systemIds } from '../../../src/clock.ts'
import { exportTenant } from '../../../src/export/tenant-export.ts'
import { receiver } from '../webhooks/receiver.ts'
import { relayOf } from '../webhooks/relay-rooms.ts'
import { callMethod, testApp, type Json } from '../../support/app.ts'
import { testClock } from '../../support/clock.ts'
import { countRows, writeEarlierDatabase } from '../../support/earlier-database.ts'
import { databaseFile } from '../../support/store.ts'

/** When 0.1.0 was last at it, and a quarter of an hour. */
const at = 1_744_381_000_000

/** `authorization` of each of its keys, by what became of it. */
const keys = {
  tenant: 'token key_23msmmoggqjfgtptaqkfaz5o:TGlWO8woNO4pzy35iWL1m1Jk7aCVOJC6WA50f0fRxSU',
  rotated: 'token key_23msmmi5xmnkt3shloo6lnjj:QsZcbZxXvzsKwATWez5CVnflrcSWFOr9VHKQ1s5ppkE',
  rotatedBefore: 'token key_23msmmi5xmnkt3shloo6lnjj:a6cRlAcPp0lBDSALhTay3yMiHhXClvdks8xkrIQogng',
  revoked: 'token key_23msmmp7vc3kornab5mhzya3:IVQbNUG0_jX0geTMdk2M12QjwQ0LWQDK2JCjt10UejE',
  expired: 'token key_23msmmpatx3twv5j7f7eejcc:hWzDQd_gg474yUVnqsn_-4fwnPdZz2E93YflOoTzRL0',
  disabled: 'token key_23msmmpc4ozodo32ewxm65k5:ALa_pFUpobyVXJznXK3R471_fcolFrybgODRTh1cdsA',
}
const requests = {
  expired: '00000000000000000000000008',
  completed: '00000000000000000000000011',
  pending: '00000000000000000000000017',
}
const webhookSecret = 'whsec_justwzDOZHstFBOm6K9PQkK6ZnsGOj7+S0oM0ydysZQ='

/** Today's server on the database of 0.1.0. */
async function upgraded() {
  const { database, rows } = writeEarlierDatabase('database-0.1.0')
  const env = { DATA_DIR: dirname(database) }
  const made = await testApp({ database, env, clock: testClock(at), ids: systemIds })
  const raw = new Sqlite(database)
  onTestFinished(() => void raw.close())
  return { ...made, rows, raw, as: { as: { authorization: keys.rotated } } }
}

it('loses no row, and has the tables and indexes of a database made today', async () => {
  const { rows, raw } = await upgraded()
  const today = new Sqlite(databaseFile(), { readonly: true })
  onTestFinished(() => void today.close())
  const namesIn = (client: Sqlite.Database) =>
    client.prepare('SELECT type, tbl_name, name FROM sqlite_schema ORDER BY 1, 2, 3').all()

  const { audit: _audit, ...others } = rows // there stands that its keys know their owners now
  expect(countRows(raw)).toMatchObject(others)
  expect(namesIn(raw)).toEqual(namesIn(today))
})

it('each key opens what it opened', async () => {
  const { app } = await upgraded()

  const answers: Record<string, Json> = {}
  for (const [name, authorization] of Object.entries(keys)) {
    const as = { authorization }
    const answer = await callMethod(app, 'frappe.auth.get_logged_user', {}, { as })
    answers[name] = answer.status === 200 ? answer.message : answer.status
  }

  expect(answers).toEqual({
    tenant: 'acme',
    rotated: 'erp.acme.test',
    rotatedBefore: 'erp.acme.test',
    revoked: 401,
    expired: 401,
    disabled: 401,
  })
})

it('requests are as they were left', async () => {
  const { app, as } = await upgraded()

  const states: Record<string, Json> = {}
  for (const [name, request] of Object.entries(requests)) {
    states[name] = (await callMethod(app, 'get_bridge_item_id', { request }, as)).message
  }

  expect(states).toMatchObject({
    expired: { status: 'expired' },
    completed: { status: 'completed', success: true, item_id: 2002 },
    pending: { status: 'pending' },
  })
})

it('what waited is delivered under the name it had, signed with the secret its site has', async () => {
  const { app, clock, raw } = await upgraded()
  const { store } = app
  const site = await receiver()
  const siteId = raw.prepare(`SELECT id FROM sites WHERE name = 'erp.acme.test'`).pluck().get()
  await store.updateSite(
    String(siteId),
    { webhookUrl: site.url },
    { actor: 'test', at: clock.now() },
  )
  const relay = relayOf(app)

  while (await relay.tick());

  expect(site.posts).toHaveLength(1)
  const { headers, body } = site.posts[0]!
  expect(headers['webhook-id']).toBe('evt_000000000000000000000013')
  const [id, time] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])]
  const signature = new Webhook(webhookSecret).sign(id, new Date(time * 1_000), body)
  expect(String(headers['webhook-signature']).split(' ')[0]).toBe(signature)
  expect(JSON.parse(body)).toMatchObject({ type: 'connect.completed', content: { item_id: 2002 } })
})

it('all of a tenant opens, and is exported', async () => {
  const { app, clock } = await upgraded()
  const acme = (await app.store.findTenant('acme'))!

  const pieces: string[] = []
  for await (const piece of exportTenant(app, acme, clock.now())) pieces.push(piece)
  const exported = JSON.parse(pieces.join('')) as Record<string, Record<string, unknown>[]>

  expect(exported['events']).toHaveLength(2)
  expect(exported['events']).toContainEqual(
    expect.objectContaining({ body: expect.stringContaining('item.refreshed') as unknown }),
  )
  expect(exported['attempts']).toHaveLength(1)
})
