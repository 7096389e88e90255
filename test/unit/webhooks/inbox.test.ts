import { EventEmitter } from 'node:events'
import { request as rawRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { levels } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import { StoreBusyError, StoreDiskError } from '../../../src/db/store-errors.ts'
import type { NewEvent } from '../../../src/db/ports/events.ts'
import type { Store } from '../../../src/db/store.ts'
import { handleError } from '../../../src/frappe/error-handler.ts'
import { createMetrics } from '../../../src/metrics/metrics.ts'
import bridgeWebhook from '../../../src/routes/bridge-webhook.ts'
import { createRefusalWatch, refusalOf } from '../../../src/webhooks/inbox/refused-webhooks.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'
import { testStore, watched, unhandledIn } from '../../support/store.ts'
import { aTenant, aUser, anAnnouncement, testBy, testRooms } from '../../support/tenants.ts'

const secret = 'webhook-secret'
const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

/** The route alone, before a real store; every operation on it is noted. */
async function inbox({
  secrets = [secret] as readonly string[],
  wrap = (store: Store) => store,
  hasHeardBridge = true,
} = {}) {
  const { store, calls } = watched(testStore())
  const rooms = testRooms(wrap(store))
  const tenant = await aTenant(rooms)
  const user = await aUser(rooms, tenant.site, { name: 'ann' })
  await store.updateSite(tenant.site.id, { webhookUrl: 'https://erp.acme.test/hook' }, testBy)
  const auditCounter = createAuditCounter((entry) => store.audit(entry))
  const woken: string[] = []

  const lines: { level: number; msg: string }[] = []
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number])
  const app = fastify({ logger: { level: 'info', stream: { write } } })
  const logged = (level: keyof typeof levels.values) =>
    lines.filter((line) => line.level === levels.values[level])
  app.setErrorHandler(handleError)
  for (const [name, room] of Object.entries({
    ...rooms,
    auditCounter,
    metrics: createMetrics({ version: '1', methods: [] }),
  })) {
    app.decorate(name, room as never)
  }
  const refusals = createRefusalWatch({ ...rooms, auditCounter })
  app.decorate('refusedWebhooks', refusals)
  let doubted = false
  app.decorate('isClockInDoubt', () => doubted)
  app.decorate('bridgeTime', {
    aheadMs: () => (hasHeardBridge ? 0 : undefined),
  } as never)
  const admitted: string[] = []
  app.decorate('connections', {
    admitted: (_socket: unknown, as: string) => void admitted.push(as),
  } as never)
  const wakeups: FastifyInstance['wakeups'] = new EventEmitter()
  for (const topic of ['events', 'deliveries'] as const) wakeups.on(topic, () => woken.push(topic))
  app.decorate('wakeups', wakeups)
  await app.register(bridgeWebhook, { secrets })
  onTestFinished(() => app.close())
  calls.length = 0

  const post = (body: string | Buffer, signature?: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/webhooks/bridge',
      headers: {
        'content-type': 'application/json',
        ...(signature !== undefined && { 'bridgeapi-signature': signature }),
        ...headers,
      },
      payload: body,
    })
  const signed = (body: string | Buffer) => post(body, signBridgeWebhook(body, secret))
  const event = (fields: object = {}, content: object = {}) =>
    JSON.stringify({
      content: { item_id: 7, user_uuid: user.userUuid, ...content },
      timestamp: rooms.clock.now(),
      type: 'item.refreshed', // waits for the handler
      ...fields,
    })
  return {
    ...rooms,
    ...tenant,
    app,
    user,
    auditCounter,
    refusals,
    calls,
    admitted,
    post,
    signed,
    event,
    logged,
    woken,
    doubt: () => void (doubted = true),
  }
}

/** A store, and what it was given to accept. */
function accepting() {
  const accepted: NewEvent[] = []
  const wrap = (store: Store): Store => ({
    ...store,
    acceptEvent(event, change) {
      accepted.push(event)
      return store.acceptEvent(event, change)
    },
  })
  return { wrap, accepted }
}

test('a signed event is stored with its delivery, byte for byte, then answered', async () => {
  const { signed, event, store, keyring, clock, site, woken } = await inbox()
  const body = ` ${event()}\n`

  const answer = await signed(body)

  expect([answer.statusCode, answer.body]).toEqual([200, '{}'])
  const [stored] = await unhandledIn(store, clock.now())
  expect(stored).toMatchObject({ type: 'item.refreshed', itemId: 7, siteId: site.id })
  expect(keyring.open(stored!.body!, `events/${stored!.id}`).toString()).toBe(body)
  expect(await store.findDelivery(stored!.id)).toMatchObject({ state: 'pending' })
  expect(woken).toEqual(['events', 'deliveries'])
})

test('a repeat is answered alike and stored once; one byte more is another event', async () => {
  const { signed, event, store, clock } = await inbox()

  const statuses = [await signed(event()), await signed(event()), await signed(`${event()} `)]

  expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
  expect(await unhandledIn(store, clock.now())).toHaveLength(2)
})

test('a repeat of what an earlier version stored, by the digest alone, is one', async () => {
  const { signed, event, store, keyring, clock, user, ...rooms } = await inbox()
  const dedupeKey = `bridge:${keyring.hash('webhook-body', event()).toString('hex')}`
  await store.acceptEvent(anAnnouncement({ ...rooms, clock }, user, { dedupeKey, handledAt: null }))

  expect((await signed(event())).statusCode).toBe(200)
  expect(await unhandledIn(store, clock.now())).toHaveLength(1)
  await signed(`${event()} `)
  expect(await unhandledIn(store, clock.now())).toHaveLength(2)
})

test('no earlier version is thought of where an event happened an hour after this one began', async () => {
  const { wrap, accepted } = accepting()
  const { signed, event, clock } = await inbox({ wrap })
  const began = clock.now()
  clock.advance(hourMs)
  await signed(event())
  clock.advance(1)
  await signed(event())
  await signed(event({ timestamp: began }))
  await signed(event({ timestamp: undefined }))

  expect(accepted.map(({ formerKey }) => formerKey !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ])
})

test('the keys of events follow their times, so that an index has them together', async () => {
  const { wrap, accepted } = accepting()
  const { signed, event, clock } = await inbox({ wrap })
  for (let number = 0; number < 9; number += 1) {
    await signed(event({ timestamp: clock.now() - 9 + number }))
  }
  await signed(event({ timestamp: undefined }))

  const keys = accepted.map(({ dedupeKey }) => dedupeKey)
  expect(keys.slice(0, 9)).toEqual(keys.slice(0, 9).toSorted())
  expect(new Set(keys).size).toBe(10)
})

test('any of the active secrets will do', async () => {
  const { post, event } = await inbox({ secrets: ['new', 'old'] })

  expect((await post(event(), signBridgeWebhook(event(), 'old'))).statusCode).toBe(200)
  expect((await post(event(), signBridgeWebhook(event(), 'x', 'new'))).statusCode).toBe(200)
})

test.each<[string, (body: string) => string | undefined]>([
  ['no signature', () => undefined],
  ['garbage', () => 'v1=zz'],
  ['a signature of other bytes', (body) => signBridgeWebhook(`${body} `, secret)],
  ['a signature with another secret', (body) => signBridgeWebhook(body, 'guess')],
])('%s is refused in JSON before the database is asked', async (_, sign) => {
  const { post, event, calls } = await inbox()

  const answer = await post(event(), sign(event()))

  expect(answer.statusCode).toBe(401)
  expect(answer.json()).toMatchObject({ exc_type: 'AuthenticationError' })
  expect(calls).toEqual([])
})

test('whether a refused one is Bridge’s is looked up apart, of the last twenty', async () => {
  const { post, event, calls, refusals, auditCounter, store } = await inbox()
  const guess = (body: string) => post(body, signBridgeWebhook(body, 'guess'))
  const subjects = async () => {
    await refusals.look()
    await auditCounter.flush()
    const rows = await store.listAudit({ action: refusalOf.action, limit: 9 })
    return rows.map(({ subject, count }) => [subject, count])
  }

  await guess('no JSON')
  for (let n = 0; n < 30; n += 1) await guess(event({}, { user_uuid: `stranger ${n}` }))
  const ofStrangers = await subjects()
  const looks = calls.filter((name) => name === 'findUserByUuid').length
  await guess(event())
  const ofBridge = await subjects()

  expect(ofStrangers).toEqual([[refusalOf.anybody, 31]])
  expect(looks).toBe(20)
  expect(ofBridge).toEqual([
    [refusalOf.knownUser, 1],
    [refusalOf.anybody, 32],
  ])
})

test('a refused one that is larger than Bridge’s are is counted, and not looked into', async () => {
  const { post, event, calls, refusals, auditCounter, store } = await inbox()
  const large = event({}, { padding: 'x'.repeat(4 * 1024) })

  await post(large, signBridgeWebhook(large, 'guess'))
  await refusals.look()
  await auditCounter.flush()

  expect(calls).not.toContain('findUserByUuid')
  const rows = await store.listAudit({ action: refusalOf.action, limit: 9 })
  expect(rows).toMatchObject([{ subject: refusalOf.anybody, count: 1 }])
})

test('without a webhook secret nothing is taken', async () => {
  const { post, event, calls } = await inbox({ secrets: [] })

  const answer = await post(event(), signBridgeWebhook(event(), ''))

  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toHaveProperty('exc')
  expect(calls).toEqual([])
})

test.each([
  ['no JSON', 'so {'],
  ['no event', '[]'],
  ['an item event without item', '{"type":"item.created","content":{"user_uuid":"x"}}'],
  ['nothing', ''],
])('signed bytes that are %s get a 200, since they would come again the same', async (_, body) => {
  const { signed, store, clock, auditCounter, logged } = await inbox()

  expect((await signed(body)).statusCode).toBe(200)

  await auditCounter.flush()
  expect(await unhandledIn(store, clock.now())).toEqual([])
  expect(await store.listAudit({ limit: 1 })).toMatchObject([
    { action: 'webhook.ignored', subject: 'no event', count: 1 },
  ])
  expect(logged('error')).toMatchObject([{ msg: 'Bridge signed a webhook that is no event' }])
})

test.each<[string, object, object]>([
  ['an unknown user', {}, { user_uuid: 'nobody' }],
  ['no user and no item', { type: 'novelty' }, { user_uuid: null, item_id: undefined }],
])('an event of %s is answered 200, counted and not kept', async (_, fields, content) => {
  const { signed, event, store, clock, auditCounter, woken } = await inbox()

  expect((await signed(event(fields, content))).statusCode).toBe(200)

  await auditCounter.flush()
  expect(await unhandledIn(store, clock.now())).toEqual([])
  expect(await store.listAudit({ limit: 1 })).toMatchObject([
    { action: 'webhook.ignored', subject: 'unknown user', count: 1 },
  ])
  expect(woken).toEqual([])
})

test('an event older than 14 days by its own word is answered 200, counted and not kept', async () => {
  const { signed, event, store, clock, auditCounter } = await inbox()
  const limit = clock.now() - 14 * dayMs

  expect((await signed(event({ timestamp: limit - 1 }))).statusCode).toBe(200)
  expect(await unhandledIn(store, clock.now())).toEqual([])
  expect((await signed(event({ timestamp: limit }))).statusCode).toBe(200)

  expect(await unhandledIn(store, clock.now())).toHaveLength(1)
  await auditCounter.flush()
  expect(await store.listAudit({ limit: 1 })).toMatchObject([{ subject: 'older than 14 days' }])
})

test('while our clock disagrees with Bridge’s no event is taken for an old one', async () => {
  const { signed, event, store, clock, doubt } = await inbox()
  const timestamp = clock.now() - 160 * dayMs

  doubt()
  expect((await signed(event({ timestamp }))).statusCode).toBe(200)

  expect(await unhandledIn(store, clock.now())).toHaveLength(1)
})

test('before Bridge told the time no event is taken for an old one, and a repeat still is one', async () => {
  const { signed, event, store, clock } = await inbox({ hasHeardBridge: false })
  const body = event({ timestamp: clock.now() - 160 * dayMs })

  expect((await signed(body)).statusCode).toBe(200)
  expect((await signed(body)).statusCode).toBe(200)

  expect(await unhandledIn(store, clock.now())).toHaveLength(1)
})

test('once the clock was put forward no event is taken for an old one, and a repeat still is one', async () => {
  const { signed, event, store, clock, jump } = await inbox()
  const body = event()
  jump(15 * dayMs)

  expect((await signed(body)).statusCode).toBe(200)
  expect((await signed(body)).statusCode).toBe(200)

  expect(await unhandledIn(store, clock.now())).toHaveLength(1)
})

test.each([1, 0.5, 1e15])(
  'an event whose own time is %d ms ahead of ours happened when it came, or nobody knows when',
  async (ahead) => {
    const { wrap, accepted } = accepting()
    const { signed, event, clock } = await inbox({ wrap })
    clock.advance(2 * hourMs)

    await signed(event({ timestamp: clock.now() + ahead }))

    expect(accepted).toMatchObject([{ occurredAt: clock.now(), formerKey: expect.anything() }])
  },
)

test('an event that names only an item is its owner’s', async () => {
  const { signed, event, store, clock, user, site } = await inbox()
  await signed(event())
  await store.applyEvent({ kind: 'account', userId: user.id, itemId: 7, accountId: 1, at: 1 })

  await signed(event({ type: 'item.refreshed' }, { user_uuid: null }))

  expect((await unhandledIn(store, clock.now())).at(-1)).toMatchObject({
    type: 'item.refreshed',
    siteId: site.id,
  })
})

test('one that names only an item of a site that is being deleted is nobody’s', async () => {
  const { signed, event, store, user, tenant, site } = await inbox()
  await signed(event({ type: 'item.created' }))
  await store.applyEvent({ kind: 'account', userId: user.id, itemId: 7, accountId: 1, at: 1 })
  const subject = { tenantId: tenant.id, subjectId: site.id, name: site.name }
  const removal = { id: 'rem_1', kind: 'site', ...subject, withBridgeUsers: false } as const
  await store.startRemoval(removal, testBy)

  await signed(event({ type: 'item.refreshed' }, { user_uuid: null }))

  expect(await store.listEvents({ type: 'item.refreshed' }, { limit: 9 })).toEqual([])
})

test.each([[null], ['made anew']])(
  'what is told of an item after its user was deleted is passed on, and changes nothing (Bridge user now: %s)',
  async (userUuid) => {
    const { signed, event, store, clock, user, site } = await inbox()
    await signed(event({ type: 'item.created' }))
    await signed(event({ type: 'user.deleted' }, { item_id: undefined }))
    if (userUuid !== null) await store.setUserUuid(user.id, userUuid)
    clock.advance(60_000)

    for (const type of ['item.deleted', 'item.refreshed']) await signed(event({ type }))

    const told = await store.listEvents({}, { limit: 2 })
    expect(told.map(({ type, siteId }) => [type, siteId])).toEqual([
      ['item.refreshed', site.id],
      ['item.deleted', site.id],
    ])
    expect(await unhandledIn(store, clock.now())).toEqual([])
    expect(await store.listItems(user.id)).toEqual([])
  },
)

test('an item that lives is not a stranger’s, whoever is said to have it', async () => {
  const { signed, event, store } = await inbox()
  await signed(event({ type: 'item.created' }))

  await signed(event({ type: 'item.deleted' }, { user_uuid: 'nobody' }))

  expect(await store.listEvents({ type: 'item.deleted' }, { limit: 9 })).toEqual([])
})

test('an event of a type we do not know is kept for its site', async () => {
  const { signed, event, store, clock } = await inbox()

  await signed(event({ type: 'consent.revoked' }, { item_id: 'text' }))

  expect(await store.listEvents({}, { limit: 9 })).toMatchObject([
    { type: 'consent.revoked', itemId: null, handledAt: clock.now() },
  ])
})

test('what an event changes is applied with it, unless an earlier one of its user waits', async () => {
  const { signed, event, store, clock, user } = await inbox()
  const account = (id: number) => event({ type: 'item.account.updated' }, { account_id: id })
  const accounts = async () => (await store.listAccounts(7)).map(({ id }) => id)

  await signed(account(71))
  expect(await accounts()).toEqual([71])
  expect(await store.listItems(user.id)).toMatchObject([{ id: 7 }])
  await signed(event({ type: 'item.refreshed' }))
  await signed(account(72))

  expect(await accounts()).toEqual([71])
  const waiting = await unhandledIn(store, clock.now())
  expect(waiting.map(({ type }) => type)).toEqual(['item.refreshed', 'item.account.updated'])
})

test('whoever signed well is no stranger while the event waits for the disk; a bad signature changes nothing', async () => {
  const whenStored: string[][] = []
  const { post, signed, event, admitted } = await inbox({
    wrap: (store) => ({
      ...store,
      acceptEvent: () => {
        whenStored.push([...admitted])
        return Promise.reject(new StoreBusyError('busy'))
      },
    }),
  })

  await post(event(), `v1=${'0'.repeat(64)}`)
  expect(admitted).toEqual([])
  await signed(event())

  expect(whenStored).toEqual([['bridge']])
})

test('a busy database and a full disk are a 503 with Retry-After, another fault a 500: never a lost 200', async () => {
  const full = new StoreDiskError('full')
  const faults: Error[] = [new StoreBusyError('busy'), full, new Error('broken')]
  const { signed, event, woken, logged } = await inbox({
    wrap: (store) => ({
      ...store,
      acceptEvent: (given) => {
        const fault = faults.shift()
        return fault ? Promise.reject(fault) : store.acceptEvent(given)
      },
    }),
  })

  for (const errors of [0, 1]) {
    const refused = await signed(event())
    expect(refused.statusCode).toBe(503)
    expect(refused.headers['retry-after']).toBe('5')
    expect(logged('error')).toHaveLength(errors)
  }
  const [broken, good] = [await signed(event()), await signed(event())]

  expect(broken.statusCode).toBe(500)
  expect(good.statusCode).toBe(200)
  expect(woken).toEqual(['events', 'deliveries'])
})

test('a body above 64 KiB is refused by its announced length, before it is read', async () => {
  const { app, calls } = await inbox()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  const status = await new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': 64 * 1024 + 1,
      'bridgeapi-signature': `v1=${'0'.repeat(64)}`,
    }
    const sent = rawRequest(
      { port, method: 'POST', path: '/webhooks/bridge', headers },
      (response) => {
        resolve(response.statusCode)
        sent.destroy()
      },
    )
    sent.on('error', reject)
    sent.flushHeaders() // and not one byte of the body
  })

  expect(status).toBe(413)
  expect(calls).toEqual([])
})

test('a body without a content type, or with a strange one, is read all the same', async () => {
  const { app, post, event } = await inbox()
  const payload = event()
  const signature = signBridgeWebhook(payload, secret)
  const headers = { 'bridgeapi-signature': signature }

  const without = await app.inject({ method: 'POST', url: '/webhooks/bridge', headers, payload })
  const strange = await post(payload, signature, { 'content-type': 'text/weird' })

  expect([without.statusCode, strange.statusCode]).toEqual([200, 200])
})
