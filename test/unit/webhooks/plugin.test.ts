import { EventEmitter } from 'node:events'
import fastify from 'fastify'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import { createHeartbeats } from '../../../src/cluster/heartbeats.ts'
import { soleLeader } from '../../../src/cluster/leader.ts'
import { onlyMember } from '../../../src/cluster/members.ts'
import { stopGently } from '../../../src/cluster/stop.ts'
import { tryMs } from '../../../src/db/rules/delivery-claims.ts'
import webhooks from '../../../src/webhooks/plugin.ts'
import { openedTo, TargetRefusedError } from '../../../src/webhooks/relay/target-guard.ts'
import { anAnnouncement, aTenant, aUser, testBy, testRooms } from '../../support/tenants.ts'
import { receiver } from './receiver.ts'
import { unhandledIn } from '../../support/store.ts'

/** The plugin alone: the rooms it needs stand in as decorations, under the names of the plugins that make them. */
async function anApp(
  options: {
    workers?: boolean
    isSandbox?: boolean
    bounds?: string[]
    begun?: Promise<void>
  } = {},
) {
  const rooms = testRooms()
  const tenant = await aTenant(rooms)
  const user = await aUser(rooms, tenant.site)
  const app = fastify()
  const auditCounter = createAuditCounter((entry) => rooms.store.audit(entry))
  const heartbeats = createHeartbeats(rooms.clock)
  const cluster = {
    memberId: 'srv_test',
    heartbeats,
    leader: soleLeader,
    membership: onlyMember,
    lifecycle: {
      stopping: false,
      leftMs: () => Number.POSITIVE_INFINITY,
      begun: options.begun ?? Promise.resolve(),
    },
    wakeups: new EventEmitter(),
  }
  for (const [name, room] of Object.entries({ ...rooms, auditCounter, ...cluster })) {
    app.decorate(name, room as never)
  }
  for (const name of ['db', 'metrics', 'auth', 'vault', 'cluster']) {
    const stand = Object.assign(async () => {}, {
      [Symbol.for('plugin-meta')]: { name },
      [Symbol.for('skip-override')]: true,
    })
    await app.register(stand)
  }
  const sandbox = options.isSandbox === true ? { port: 1 } : undefined
  const allowedTargets = options.bounds ?? []
  await app.register(webhooks, {
    workers: options.workers ?? false,
    publicUrl: 'https://bank.test',
    openedTo: (ownRanges) => openedTo(ownRanges, { sandbox, allowedTargets }),
    onRefreshed: async () => undefined,
  })
  await app.ready()
  onTestFinished(() => app.close())
  const emit = async () => {
    const event = anAnnouncement(rooms, user)
    const body = rooms.keyring.seal('{}', `events/${event.id}`)
    await rooms.store.acceptEvent({ ...event, body, handledAt: null })
    return event.id
  }
  const listenAt = (webhookUrl: string) =>
    rooms.store.updateSite(tenant.site.id, { webhookUrl }, testBy)
  return { ...rooms, ...tenant, app, auditCounter, heartbeats, emit, listenAt }
}

test('with workers, what is stored is handled and delivered, also when nobody wakes the loops', async () => {
  const { emit, listenAt, store, clock, heartbeats } = await anApp({
    workers: true,
    isSandbox: true,
  })
  const at = await receiver()
  await listenAt(at.url)

  await emit()

  await expect.poll(() => at.posts.length).toBe(1)
  await expect.poll(() => unhandledIn(store, clock.now(), 1)).toEqual([])
  expect(Object.keys(heartbeats.ages())).toEqual(['webhook handler', 'webhook relay'])
})

test('nothing is tried, or applied, before the server is assembled; a stop does not wait for that', async () => {
  const begun = Promise.withResolvers<void>()
  const options = { workers: true, isSandbox: true, begun: begun.promise }
  const { emit, listenAt, store, clock, app } = await anApp(options)
  const at = await receiver()
  await listenAt(at.url)
  await emit()
  app.wakeups.emit('deliveries')

  await app.close()
  begun.resolve()

  expect(at.posts).toEqual([])
  expect(await unhandledIn(store, clock.now(), 1)).toHaveLength(1)
})

test('without workers nothing runs', async () => {
  const { emit, listenAt, app, heartbeats } = await anApp({ isSandbox: true })
  const at = await receiver()
  await listenAt(at.url)
  await emit()

  app.wakeups.emit('deliveries')
  await app.close()

  expect(at.posts).toEqual([])
  expect(heartbeats.ages()).toEqual({})
})

test('a stop waits for the try in flight for as long as a try may take, so that its site gets nothing twice', async () => {
  const { emit, listenAt, store, app } = await anApp({ workers: true, isSandbox: true })
  const ends: (() => void)[] = []
  const at = await receiver((_, response) => void ends.push(() => response.end()))
  await listenAt(at.url)
  const id = await emit()
  await expect.poll(() => ends.length).toBe(1)

  const set = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => set.mockRestore())
  const closed = app.close()
  await expect.poll(() => set.mock.calls.map(([, ms]) => ms)).toContain(tryMs)
  ends[0]?.()
  await closed

  expect(await store.findDelivery(id)).toMatchObject({ state: 'delivered' })
})

test('what would outlast the stop is given back untried before that is over', async () => {
  const { emit, listenAt, store, app } = await anApp({ workers: true, isSandbox: true })
  const at = await receiver(() => {})
  await listenAt(at.url)
  const id = await emit()
  await expect.poll(() => at.posts.length).toBe(1)

  app.lifecycle.leftMs = () => 10
  await app.close()

  expect(await store.findDelivery(id)).toMatchObject({
    state: 'pending',
    tries: [],
    claimedUntil: null,
  })
})

test('a gentle stop keeps enough of its time to give back what hangs', async () => {
  const { emit, listenAt, store, app } = await anApp({ workers: true, isSandbox: true })
  const at = await receiver(() => {})
  await listenAt(at.url)
  const id = await emit()
  await expect.poll(() => at.posts.length).toBe(1)

  const isInTime = await stopGently(app, { delayMs: 0, timeoutMs: 8_000 })

  expect(isInTime).toBe(true)
  expect(await store.findDelivery(id)).toMatchObject({
    state: 'pending',
    tries: [],
    claimedUntil: null,
  })
})

test('a target is checked before it is saved: what the site opened counts within the operator’s bounds', async () => {
  const { app, store, site } = await anApp({ bounds: ['10.1.0.0/16'] })
  await store.allowTargets(site.id, ['10.1.2.0/24', '192.168.0.0/16'], testBy)

  await app.relay.checkTarget('http://10.1.2.3/hook', site.id)
  for (const [url, id] of [
    ['http://10.1.2.3/hook', undefined],
    ['http://10.1.3.1/hook', site.id],
    ['http://192.168.0.1/hook', site.id],
    ['http://127.0.0.1/hook', site.id],
  ] as const) {
    await expect(app.relay.checkTarget(url, id)).rejects.toThrow(TargetRefusedError)
  }
})

test.each([
  ['within the operator’s bounds is posted to', ['127.0.0.0/8'], 'delivered'],
  ['outside the operator’s bounds is not dialled', ['10.1.0.0/16'], 'pending'],
])('what a site opened %s', async (_, bounds, state) => {
  const { emit, listenAt, store, site } = await anApp({ workers: true, bounds })
  await store.allowTargets(site.id, ['127.0.0.0/8'], testBy)
  const at = await receiver()
  await listenAt(at.url)

  const id = await emit()

  const delivery = () => store.findDelivery(id)
  await expect.poll(async () => (await delivery())?.tries).toHaveLength(1)
  expect(await delivery()).toMatchObject({ state })
  expect(at.posts).toHaveLength(state === 'delivered' ? 1 : 0)
})

test('our own address is refused, and what is refused is counted for whoever asked', async () => {
  const { app, store, auditCounter, tenant } = await anApp()
  const asking = { tenantId: tenant.id, actor: 'key:k', subject: 'erp.acme.test' }

  for (const url of ['https://bank.test/webhooks/bridge', 'http://10.0.0.1/']) {
    await expect(app.relay.checkTarget(url, undefined, asking)).rejects.toThrow(TargetRefusedError)
  }

  await auditCounter.flush()
  expect(await store.listAudit({ action: 'target.refused', limit: 9 })).toMatchObject([
    { ...asking, count: 2 },
  ])
})

test('a sandbox opens loopback to every site', async () => {
  const { app } = await anApp({ isSandbox: true })

  await app.relay.checkTarget('http://127.0.0.1:8000/hook')
  await expect(app.relay.checkTarget('http://10.0.0.1/hook')).rejects.toThrow(TargetRefusedError)
})
