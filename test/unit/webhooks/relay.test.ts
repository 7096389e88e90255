import { createHmac } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { secretRow } from '../../../src/vault/sealed-rows.ts'
import { newWebhookSecret } from '../../../src/vault/webhook-secret.ts'
import { StoreBusyError } from '../../../src/db/store-errors.ts'
import { createRelay } from '../../../src/webhooks/relay/relay.ts'
import { testIds } from '../../support/ids.ts'
import { testBy } from '../../support/tenants.ts'
import { receiver } from './receiver.ts'
import { marksOf, relayRooms } from './relay-rooms.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

test('a delivery carries the body byte for byte, signed with the site’s secret', async () => {
  const { relay, listenAt, emit, clock, keyring, site, store } = await relayRooms()
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
  const sealed = keyring.seal(secret, `sites/${site.id}/webhook_secret`)
  await store.rotateWebhookSecret(site.id, { secret: sealed, previousUntil: 0 }, testBy)
  const at = await receiver()
  await listenAt(at.url)
  const id = await emit('é')

  expect(await relay.tick()).toBe(true)

  const [post] = at.posts
  const seconds = Math.floor(clock.now() / 1_000)
  const standard = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`${id}.${seconds}.{"mark":"é"}`)
    .digest('base64')
  expect(post?.body).toBe('{"mark":"é"}')
  expect(post?.headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${standard}`,
    'x-frappe-webhook-signature': createHmac('sha256', secret).update(post!.body).digest('base64'),
    'x-bank-api-site': 'erp.acme.test',
    'x-bank-api-event': 'item.refreshed',
  })
  expect(post?.headers).not.toHaveProperty('authorization')
  expect(await store.findDelivery(id)).toMatchObject({
    state: 'delivered',
    tries: [{ number: 1, status: 200, error: null }],
  })
  expect(await relay.tick()).toBe(false)
})

test('names with any letters travel in headers', async () => {
  const { relay, listenAt, emit, store, ids, keyring, tenant } = await relayRooms()
  const id = ids.next('sit')
  const webhookSecret = keyring.seal(newWebhookSecret(), secretRow(id))
  // A new site could not be called so; one from before keeps its name.
  const name = 'Société “A”\n'
  const site = await store.ensureSite({ id, tenantId: tenant.id, name, webhookSecret }, testBy)
  const at = await receiver()
  await listenAt(at.url, site)
  await emit('x', { site })

  await relay.tick()

  expect(at.posts[0]?.headers['x-bank-api-site']).toBe('Soci%C3%A9t%C3%A9 %E2%80%9CA%E2%80%9D%0A')
})

test('a site without a webhook URL gets nothing, not even once it has one', async () => {
  const { relay, listenAt, emit, store } = await relayRooms()
  const at = await receiver()
  const id = await emit()
  await listenAt(at.url)

  expect(await relay.tick()).toBe(false)

  expect(await store.findDelivery(id)).toBeUndefined()
})

test('a delivery that never succeeds is tried ten times in 75 hours and 35 minutes, then buried', async () => {
  const { relay, listenAt, emit, store, clock } = await relayRooms()
  const at = await receiver(500)
  await listenAt(at.url)
  const id = await emit()
  const start = clock.now()
  const tried: number[] = []
  await relay.tick()

  for (let state = 'pending'; state === 'pending';) {
    const delivery = await store.findDelivery(id)
    state = delivery!.state
    if (state !== 'pending') break
    tried.push((delivery!.dueAt! - start) / secondMs)
    clock.advance(delivery!.dueAt! - clock.now() - 1)
    expect(await relay.tick()).toBe(false)
    clock.advance(1)
    await relay.tick()
  }

  expect(tried).toEqual([5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105])
  expect(at.posts).toHaveLength(10)
  expect(new Set(at.posts.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]))
  expect(new Set(at.posts.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10)
  expect((await store.findDelivery(id))?.tries).toHaveLength(10)
  await relayNever(relay, clock)
})

test('a look that took long rests longer than that', async () => {
  const tookMs = 20
  const pauses: number[] = []
  const pause = async (ms: number) => void pauses.push(ms)
  const { relaying, listenAt, emit } = await relayRooms({ pause })
  const slow = {
    ...relaying.store,
    claimDeliveries: async (claim: Parameters<typeof relaying.store.claimDeliveries>[0]) => {
      const began = performance.now()
      while (performance.now() - began < tookMs);
      return relaying.store.claimDeliveries(claim)
    },
  }
  const relay = createRelay({ ...relaying, store: slow })
  await listenAt((await receiver()).url)
  await emit()

  expect(await relay.pump()).toBe(true)
  expect(await relay.pump()).toBe(false)

  expect(pauses).toHaveLength(2)
  expect(Math.min(...pauses)).toBeGreaterThan(2 * tookMs)
})

async function relayNever(
  relay: { tick(): Promise<boolean> },
  clock: { advance(ms: number): void },
) {
  clock.advance(1_000 * hourMs)
  expect(await relay.tick()).toBe(false)
}

test.each([
  [0, 4],
  [0.999, 5.998],
])('what failed together is spread: by chance %d the first wait is %d s', async (chance, wait) => {
  const ids = { ...testIds(), random: () => chance }
  const { relay, listenAt, emit, store, clock } = await relayRooms({ ids })
  await listenAt((await receiver(500)).url)
  const id = await emit()

  await relay.tick()

  expect((await store.findDelivery(id))?.dueAt).toBe(clock.now() + wait * secondMs)
})

test('a claim outlasts any try, and a worker that died by no more than two minutes', async () => {
  const { relay, listenAt, emit, store, clock } = await relayRooms()
  await listenAt((await receiver(() => {})).url)
  const id = await emit()

  await relay.pump()

  const { claimedUntil } = (await store.findDelivery(id))!
  expect(claimedUntil! - clock.now()).toBeGreaterThan(20 * secondMs) // a try and its settlement
  expect(claimedUntil! - clock.now()).toBeLessThanOrEqual(2 * minuteMs)
  await relay.drain(0)
})

test('Retry-After is honoured', async () => {
  const { relay, listenAt, emit, store, clock } = await relayRooms()
  const at = await receiver((_, response) =>
    response.writeHead(503, { 'retry-after': '7200' }).end(),
  )
  await listenAt(at.url)
  const id = await emit()

  await relay.tick()

  expect((await store.findDelivery(id))?.dueAt).toBe(clock.now() + 2 * hourMs)
})

test('a redirect is a failure and is not followed', async () => {
  const elsewhere = await receiver()
  const { relay, listenAt, emit, store } = await relayRooms()
  const at = await receiver((_, response) =>
    response.writeHead(307, { location: elsewhere.url }).end(),
  )
  await listenAt(at.url)
  const id = await emit()

  await relay.tick()

  expect(elsewhere.posts).toEqual([])
  expect(await store.findDelivery(id)).toMatchObject({ state: 'pending', tries: [{ status: 307 }] })
})

test('first tries of one item keep their order, and a failure lets the next one go', async () => {
  const { relay, listenAt, emit } = await relayRooms()
  const at = await receiver((post, response) => {
    response.writeHead(post.body.includes('"1"') ? 500 : 200).end()
  })
  await listenAt(at.url)
  for (const mark of [1, 2, 3, 4]) await emit(mark)

  for (let tick = 1; tick <= 4; tick += 1) {
    await relay.tick()
    expect(marksOf(at.posts)).toHaveLength(tick)
  }

  expect(marksOf(at.posts)).toEqual(['1', '2', '3', '4'])
})

test('items do not wait for each other, and four are in flight at most', async () => {
  const { relay, listenAt, emit } = await relayRooms()
  const held: (() => void)[] = []
  const at = await receiver((_, response) => void held.push(() => response.end()))
  await listenAt(at.url)
  for (const itemId of [1, 2, 3, 4, 5, 6]) await emit(itemId, { itemId })

  const tick = relay.tick()
  await expect.poll(() => held.length).toBe(4)
  expect(await relay.pump()).toBe(false)
  held.splice(0).forEach((end) => end())
  await tick
  const next = relay.tick()
  await expect.poll(() => held.length).toBe(2)
  held.forEach((end) => end())
  await next

  expect(at.mostOpen()).toBe(4)
  expect(at.posts).toHaveLength(6)
})

test('a site that hangs has four slots at most, and another is served meanwhile', async () => {
  const { relay, listenAt, emit, sites } = await relayRooms({ names: ['dead', 'well'] })
  const [dead, well] = sites
  const tomb = await receiver(() => {})
  const at = await receiver()
  await listenAt(tomb.url, dead)
  await listenAt(at.url, well)
  for (const itemId of [1, 2, 3, 4, 5, 6]) {
    await emit(itemId, { site: dead!, itemId })
    await emit(itemId, { site: well!, itemId })
  }

  while (at.posts.length < 6) {
    await relay.pump()
    await new Promise((resolve) => setImmediate(resolve))
  }

  expect(tomb.posts.length).toBeLessThanOrEqual(4)
  await relay.drain(0)
})

test('seven sites that hang leave a place to one that answers', async () => {
  const names = Array.from({ length: 7 }, (_, index) => `hangs ${index}`)
  const { relaying, listenAt, emit, sites } = await relayRooms({ names: [...names, 'well'] })
  const relay = createRelay(relaying, { mostInFlight: 16 })
  const tomb = await receiver(() => {})
  const at = await receiver()
  for (const site of sites) {
    await listenAt(site.name === 'well' ? at.url : tomb.url, site)
    if (site.name === 'well') continue
    for (const itemId of [1, 2, 3, 4]) await emit(itemId, { site, itemId })
  }
  while (await relay.pump());
  expect(tomb.posts.length).toBeLessThan(16)

  await emit('well', { site: sites.at(-1)! })
  await relay.pump()

  await expect.poll(() => marksOf(at.posts)).toEqual(['well'])
  await relay.drain(0)
})

test('after five failures in a row the site is probed with one delivery at a time', async () => {
  const { relay, listenAt, emit, clock } = await relayRooms()
  const at = await receiver(500)
  await listenAt(at.url)
  for (let itemId = 1; itemId <= 20; itemId += 1) await emit(itemId, { itemId })

  await relay.tick()
  await relay.tick() // four, then one: the fifth failure opens the breaker
  const soFar = at.posts.length
  expect(await relay.tick()).toBe(false)
  clock.advance(5 * minuteMs)
  await relay.tick()
  expect(at.posts).toHaveLength(soFar + 1)
  expect(await relay.tick()).toBe(false)

  at.answer(200)
  clock.advance(5 * minuteMs)
  while (await relay.tick());

  expect(at.posts.filter(({ headers }) => headers['x-bank-api-event']).length).toBeGreaterThan(20)
})

test('429 slows a site down to one try, not before 30 seconds', async () => {
  const { relay, listenAt, emit, clock } = await relayRooms()
  const at = await receiver(429)
  await listenAt(at.url)
  for (let itemId = 1; itemId <= 6; itemId += 1) await emit(itemId, { itemId })
  await relay.tick()
  expect(at.posts).toHaveLength(4)

  clock.advance(30 * secondMs - 1)
  expect(await relay.tick()).toBe(false)
  clock.advance(1)
  await relay.tick()

  expect(at.posts).toHaveLength(5)
})

test('the first success after failures sends again, oldest first, what died since they began', async () => {
  const { relay, listenAt, emit, passTime, store } = await relayRooms()
  const at = await receiver(417)
  await listenAt(at.url)
  const ids = [await emit('old'), await emit('older, no: younger')]
  while (await relay.tick());
  await passTime(76 * hourMs, 15 * minuteMs)
  for (const id of ids) expect(await store.findDelivery(id)).toMatchObject({ state: 'dead' })

  at.answer(200)
  at.posts.length = 0
  await emit('new')
  while (await relay.tick());

  expect(marksOf(at.posts)).toEqual(['new', 'old', 'older, no: younger'])
  for (const id of ids) expect(await store.findDelivery(id)).toMatchObject({ state: 'delivered' })
})

test('what a site never takes while it takes the rest is tried ten times, and stays dead', async () => {
  const { relay, listenAt, emit, store, clock } = await relayRooms()
  const at = await receiver((post, response) => {
    response.writeHead(post.body.includes('poison') ? 417 : 200).end()
  })
  await listenAt(at.url)
  const poison = await emit('poison')

  for (let hour = 1; hour <= 30 * 24; hour += 1) {
    while (await relay.tick());
    await emit(hour, { itemId: 2 })
    clock.advance(hourMs)
  }

  expect(marksOf(at.posts).filter((mark) => mark === 'poison')).toHaveLength(10)
  expect(await store.findDelivery(poison)).toMatchObject({ state: 'dead', attempts: 10 })
})

test('how tries end is told to the metrics, a disabled endpoint too', async () => {
  const told: string[] = []
  const observe = {
    webhookTried: (outcome: string) => void told.push(outcome),
    endpointDisabled: () => void told.push('disabled'),
  }
  const { relay, relaying, listenAt, emit } = await relayRooms({ observe })
  const at = await receiver()
  await listenAt(at.url)
  await emit(1)
  await relay.tick()
  at.answer(410)
  await emit(2)
  await relay.tick()
  await listenAt(at.url)
  await emit(3)
  await createRelay({ ...relaying, openedTo: () => [] }).tick()

  expect(told).toEqual(['delivered', 'failed', 'disabled', 'refused'])
})

test('a test webhook is tried once', async () => {
  const { relay, listenAt, emit, store } = await relayRooms()
  await listenAt((await receiver(500)).url)
  const id = await emit('x', { type: 'webhook.test' })

  await relay.tick()

  expect(await store.findDelivery(id)).toMatchObject({ state: 'dead', tries: [{ status: 500 }] })
})

test('410 disables the endpoint; what waits is kept, and a new URL brings it there', async () => {
  const { relay, listenAt, emit, store, lines, site } = await relayRooms()
  const gone = await receiver(410)
  await listenAt(gone.url)
  await emit(1)
  await emit(2)

  while (await relay.tick());

  expect(gone.posts).toHaveLength(1)
  expect(await store.readEndpoint(site.id)).toMatchObject({
    disabledReason: 'it answered 410 Gone',
  })
  expect(lines).toContainEqual(['error', { site: site.id }, 'endpoint disabled'])
  expect(await store.listAudit({ limit: 1 })).toMatchObject([
    { action: 'endpoint.disabled', subject: 'erp.acme.test', actor: 'server' },
  ])

  const at = await receiver()
  await listenAt(at.url)
  while (await relay.tick());
  expect(marksOf(at.posts)).toEqual(['2'])
})

test.each([410, 500, 200])(
  'a %i from the URL before, late, counts for its delivery and not for the new URL',
  async (status) => {
    const { relay, listenAt, emit, store, site } = await relayRooms()
    const ends: (() => void)[] = []
    const old = await receiver((_, response) => {
      ends.push(() => response.writeHead(status).end())
    })
    const fresh = await receiver(500)
    await listenAt(old.url)
    const late = await emit('late', { itemId: 1 })
    const trying = relay.tick()
    await expect.poll(() => ends.length).toBe(1)
    await listenAt(fresh.url)
    if (status === 200) {
      await emit('failing', { itemId: 2 })
      await relay.tick()
    }
    const before = await store.readEndpoint(site.id)

    ends[0]?.()
    await trying

    expect(await store.findDelivery(late)).toMatchObject({ tries: [{ status }] })
    expect(await store.readEndpoint(site.id)).toEqual(before)
  },
)

test('a clock that is put forward disables no endpoint, and what died before is recovered', async () => {
  const { relay, listenAt, emit, passTime, jump, store, site } = await relayRooms()
  const at = await receiver(500)
  await listenAt(at.url)
  const old = await emit('old')
  await relay.tick()
  await passTime(76 * hourMs, 15 * minuteMs)
  expect(await store.findDelivery(old)).toMatchObject({ state: 'dead' })

  jump(6 * 24 * hourMs)
  for (const itemId of [2, 3]) {
    await emit(`fails ${itemId}`, { itemId })
    await relay.tick()
    await passTime(10 * minuteMs)
  }

  expect(await store.readEndpoint(site.id)).toMatchObject({ disabledAt: null })
  at.answer(200)
  await passTime(3 * hourMs, 10 * minuteMs)
  expect(await store.findDelivery(old)).toMatchObject({ state: 'delivered' })
})

test('a try that ends just after the clock was put forward is judged by the time that passed', async () => {
  const { relay, listenAt, emit, passTime, jump, store, site } = await relayRooms()
  const ends: (() => void)[] = []
  const at = await receiver(500)
  await listenAt(at.url)
  await emit('old')
  await relay.tick()
  await passTime(19 * hourMs, 15 * minuteMs)
  at.answer((_, response) => {
    ends.push(() => response.writeHead(500).end())
  })
  await emit('flying', { itemId: 2 })
  const trying = relay.tick()
  await expect.poll(() => ends.length).toBe(1)

  jump(6 * 24 * hourMs)
  ends[0]?.()
  await trying

  expect(await store.readEndpoint(site.id)).toMatchObject({ disabledAt: null })
})

test('a clock that is put forward lets no more than four be in flight', async () => {
  const { relay, listenAt, emit, jump } = await relayRooms()
  const at = await receiver(() => {})
  await listenAt(at.url)
  for (let itemId = 1; itemId <= 12; itemId += 1) await emit(itemId, { itemId })
  await relay.pump()
  await expect.poll(() => at.posts.length).toBe(4)

  jump(hourMs)

  expect(await relay.pump()).toBe(false)
  await relay.drain(0)
})

test('what failed while the clock ran ahead is recovered once it is right', async () => {
  const { relay, listenAt, emit, passTime, jump, store } = await relayRooms()
  const at = await receiver(417)
  await listenAt(at.url)
  jump(300 * 24 * hourMs)
  await emit('ahead', { itemId: 1 })
  await relay.tick()
  jump(-300 * 24 * hourMs)
  const dead = await emit('dead', { itemId: 2 })
  await relay.tick()
  await passTime(76 * hourMs, 15 * minuteMs)
  expect(await store.findDelivery(dead)).toMatchObject({ state: 'dead' })

  at.answer(200)
  await emit('good', { itemId: 3 })
  while (await relay.tick());

  expect(await store.findDelivery(dead)).toMatchObject({ state: 'delivered' })
})

test('when times cannot move along at once, they do at the next look', async () => {
  const rooms = await relayRooms()
  const { relaying, listenAt, emit, clock, jump, store } = rooms
  const clockJumped = vi.fn(store.clockJumped)
  clockJumped.mockRejectedValueOnce(new StoreBusyError('The database is busy'))
  const relay = createRelay({ ...relaying, store: { ...store, clockJumped } })
  await listenAt((await receiver(500)).url)
  const id = await emit()
  await relay.tick()

  jump(-24 * hourMs)
  await relay.tick()
  await relay.tick()
  await relay.tick()

  expect(clockJumped).toHaveBeenCalledTimes(2)
  expect((await store.findDelivery(id))?.dueAt).toBe(clock.now() + 5 * secondMs)
})

test('an endpoint that failed for 120 hours is disabled, and enabled by command with what died', async () => {
  const { relay, listenAt, emit, passTime, store, clock, site } = await relayRooms()
  const at = await receiver(500)
  await listenAt(at.url)
  await emit('first')
  await relay.tick()
  for (let day = 1; day <= 5; day += 1) {
    await passTime(24 * hourMs, 30 * minuteMs)
    await emit(`day ${day}`)
  }
  await passTime(5 * minuteMs, 30 * secondMs)
  expect(await store.readEndpoint(site.id)).toMatchObject({
    disabledReason: 'it took nothing for 120 hours',
  })

  at.answer(200)
  at.posts.length = 0
  await passTime(48 * hourMs, 12 * hourMs)
  expect(at.posts).toEqual([])

  const { recovering } = await store.enableEndpoint(site.id, { ...testBy, at: clock.now() })
  while (await relay.tick());
  expect(recovering).toBe(2) // those of the first two days

  expect(marksOf(at.posts).toSorted()).toEqual([
    'day 1',
    'day 2',
    'day 3',
    'day 4',
    'day 5',
    'first',
  ])
})

test('a private address is refused at the dial, counted, and opened for one site by its list', async () => {
  const { relay, relaying, listenAt, emit, store, clock, site } = await relayRooms({
    openedTo: (ownRanges) => [...ownRanges],
  })
  const at = await receiver()
  await listenAt(at.url)
  const id = await emit()

  await relay.tick()
  await relaying.auditCounter.flush()

  expect(at.posts).toEqual([])
  expect(await store.findDelivery(id)).toMatchObject({
    tries: [{ status: null, error: 'the address is not allowed' }],
  })
  expect(await store.listAudit({ limit: 1 })).toMatchObject([{ action: 'target.refused' }])

  await store.allowTargets(site.id, ['127.0.0.0/8'], { ...testBy, at: clock.now() })
  clock.advance(6 * secondMs)
  await createRelay({ ...relaying, openedTo: () => [] }).tick()
  expect(at.posts).toEqual([])
  clock.advance(10 * minuteMs)
  await relay.tick()
  expect(at.posts).toHaveLength(1)
})

test('while a secret rotates, webhooks are signed with both', async () => {
  const { relay, listenAt, emit, store, clock, keyring, site } = await relayRooms()
  const at = await receiver()
  await listenAt(at.url)
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
  await store.rotateWebhookSecret(
    site.id,
    {
      secret: keyring.seal(secret, `sites/${site.id}/webhook_secret`),
      previousUntil: clock.now() + hourMs,
    },
    { ...testBy, at: clock.now() },
  )
  await emit(1)
  await relay.tick()
  clock.advance(hourMs)
  await emit(2)
  await relay.tick()

  const [during, afterwards] = at.posts.map(({ headers }) => String(headers['webhook-signature']))
  expect(during?.split(' ')).toHaveLength(2)
  expect(afterwards?.split(' ')).toHaveLength(1)
  expect(at.posts[0]?.headers['x-frappe-webhook-signature']).toBe(
    createHmac('sha256', secret).update(at.posts[0]!.body).digest('base64'),
  )
})

test('an answer is kept to two kilobytes, sealed', async () => {
  const { relay, listenAt, emit, store, keyring } = await relayRooms()
  const at = await receiver((_, response) => response.writeHead(500).end('Oops! '.repeat(1_000)))
  await listenAt(at.url)
  const id = await emit()

  await relay.tick()

  const delivery = await store.findDelivery(id)
  const response = delivery?.tries[0]?.response
  expect(response?.includes('Oops')).toBe(false)
  expect(keyring.open(response!, `deliveries/${delivery!.id}`)).toHaveLength(2_048)
})

test('what we cannot open is ours: logged, pushed aside, and the next one goes on', async () => {
  const { relay, listenAt, emit, store, ids, clock, site, lines } = await relayRooms()
  const at = await receiver()
  await listenAt(at.url)
  const id = ids.next('evt')
  const now = clock.now()
  await store.acceptEvent({
    id,
    deliveryId: ids.next('dlv'),
    dedupeKey: id,
    type: 'x',
    userId: null,
    siteId: site.id,
    itemId: 1,
    body: Buffer.from([2, 1, 1, 9]),
    occurredAt: now,
    receivedAt: now,
    handledAt: now,
  })
  await emit('good')

  while (await relay.tick());

  expect(marksOf(at.posts)).toEqual(['good'])
  expect(lines).toContainEqual(['error', expect.objectContaining({ event: id }), expect.anything()])
  expect(await store.findDelivery(id)).toMatchObject({ state: 'pending', attempts: 1, tries: [] })
  expect(await store.readEndpoint(site.id)).toMatchObject({ failingSince: null })
})

test('what a site took is settled once the database is free again, and not sent twice', async () => {
  const site = await receiver()
  const pauses: number[] = []
  const rooms = await relayRooms({ pause: async (ms) => void pauses.push(ms) })
  const { store, relay, listenAt, emit, lines } = rooms
  await listenAt(site.url)
  const id = await emit()
  const { settleDelivery } = store
  let locked = 3
  store.settleDelivery = async (settlement) => {
    locked -= 1
    if (locked >= 0) throw new StoreBusyError('The database is busy')
    return settleDelivery(settlement)
  }

  await relay.tick()

  expect(await store.findDelivery(id)).toMatchObject({ state: 'delivered' })
  expect(site.posts).toHaveLength(1)
  expect(pauses).toEqual([1_000, 2_000, 4_000])
  expect(lines.filter(([level]) => level === 'error')).toEqual([])
})

test('a stop waits for tries in flight, and gives back untried what does not end', async () => {
  const { relay, relaying, listenAt, emit, store, clock } = await relayRooms()
  let isReached = false
  const at = await receiver(() => {
    isReached = true
  })
  await listenAt(at.url)
  const id = await emit()
  await relay.pump()
  await expect.poll(() => isReached).toBe(true)

  await relay.drain(10)

  expect(await store.findDelivery(id)).toMatchObject({
    state: 'pending',
    dueAt: clock.now(),
    firstEndedAt: null,
    tries: [],
  })
  at.answer(200)
  await createRelay(relaying).tick()
  expect(await store.findDelivery(id)).toMatchObject({ state: 'delivered' })
})

test('a stop waits for what is tried out of its turn too, and gives it back untried: the site is not to blame', async () => {
  const { relay, relaying, site, listenAt, emit, store } = await relayRooms()
  let isReached = false
  const at = await receiver(() => {
    isReached = true
  })
  await listenAt(at.url)
  const id = await emit('x', { type: 'webhook.test' })
  const tried = relay.tryNow(id, site)
  await expect.poll(() => isReached).toBe(true)

  await relay.drain(10)

  expect(await store.findDelivery(id)).toMatchObject({ state: 'pending', tries: [] })
  at.answer(200)
  await createRelay(relaying).tick()
  expect(await store.findDelivery(id)).toMatchObject({ state: 'delivered' })
  expect(await tried).toBe(true)
})

test('what is to be tried out of its turn once a stop has waited for the others stays due', async () => {
  const { relay, site, listenAt, emit, store } = await relayRooms()
  const at = await receiver()
  await listenAt(at.url)
  const id = await emit('x', { type: 'webhook.test' })
  await relay.drain(1_000)

  expect(await relay.tryNow(id, site)).toBe(false)

  expect(at.posts).toEqual([])
  expect(await store.findDelivery(id)).toMatchObject({ state: 'pending', tries: [] })
})

test('a claim that was long on its way to us is given back untried: another may have it by now', async () => {
  const site = await receiver()
  const { relaying, store, clock, emit, listenAt, relay, lines } = await relayRooms()
  await listenAt(site.url)
  const event = await emit()
  const slow = createRelay({
    ...relaying,
    store: {
      ...store,
      async claimDeliveries(claim) {
        const claimed = await store.claimDeliveries(claim)
        clock.advance(6_000)
        return claimed
      },
    },
  })

  await slow.tick()

  expect(site.posts).toEqual([])
  expect(lines).toContainEqual([
    'warn',
    expect.objectContaining({ event }),
    'webhook claimed too long ago to be sent',
  ])
  await relay.tick()
  expect(site.posts).toHaveLength(1)
  expect(await store.findDelivery(event)).toMatchObject({ state: 'delivered', attempts: 2 })
})

test('a worker that died loses nothing: past its lease another one delivers', async () => {
  const { relay, listenAt, emit, store, clock } = await relayRooms()
  const at = await receiver()
  await listenAt(at.url)
  const id = await emit()
  await store.claimDeliveries({
    at: clock.now(),
    by: 'srv_test',
    leaseUntil: clock.now() + minuteMs,
    limit: 1,
  })

  expect(await relay.tick()).toBe(false)
  clock.advance(minuteMs)
  await relay.tick()

  expect(await store.findDelivery(id)).toMatchObject({ state: 'delivered', attempts: 2 })
})

test.each([
  ['of one tenant 16', 16, 20, () => 'one'],
  ['of all tenants 64', 64, 68, (nth: number) => `tenant ${Math.floor(nth / 16)}`],
])(
  '%s are tried at once out of their turn: of many that hang the others wait for theirs',
  async (_, most, count, tenantOf) => {
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    let sent = 0
    const sender = {
      async send() {
        sent += 1
        await opened
        return { status: 200, response: Buffer.alloc(0), retryAfter: undefined }
      },
      close: async () => {},
    }
    const names = Array.from({ length: count / 4 }, (_, nth) => `erp-${nth}.acme.test`)
    const { relay, listenAt, emit, sites } = await relayRooms({ names, sender })
    const tests: [id: string, site: { id: string; tenantId: string }][] = []
    for (const site of sites) {
      await listenAt(`https://${site.name}/hook`, site)
      for (let itemId = 1; itemId <= 4; itemId += 1) {
        const tenantId = tenantOf(tests.length)
        tests.push([await emit('x', { itemId, site }), { id: site.id, tenantId }])
      }
    }

    const tries = tests.map((one) => relay.tryNow(...one))
    await expect.poll(() => sent).toBe(most)
    open()

    const tried = await Promise.all(tries)
    expect(tried.filter(Boolean)).toHaveLength(most)
    expect(await relay.tryNow(...tests[tried.indexOf(false)]!)).toBe(true)
  },
)

test('of what is tried at once a site has four under way; the next wait their turn, and hold up no other site', async () => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const sent: string[] = []
  const sender = {
    async send({ headers }: { headers: Record<string, string> }) {
      sent.push(headers['x-bank-api-site']!)
      await opened
      return { status: 200, response: Buffer.alloc(0), retryAfter: undefined }
    },
    close: async () => {},
  }
  const names = ['erp.acme.test', 'shop.acme.test']
  const { relay, listenAt, emit, sites, store } = await relayRooms({ names, sender })
  for (const site of sites) await listenAt(`https://${site.name}/hook`, site)
  const [erp, shop] = sites as [(typeof sites)[0], (typeof sites)[0]]
  const ids: string[] = []
  for (let itemId = 1; itemId <= 6; itemId += 1) ids.push(await emit('x', { itemId }))

  const tries = ids.map((id) => relay.tryNow(id, erp))
  const late = await Promise.all(tries.slice(4))
  const other = relay.tryNow(await emit('x', { site: shop }), shop)
  await expect.poll(() => sent).toEqual([...Array(4).fill(erp.name), shop.name])
  open()

  expect(late).toEqual([false, false])
  expect(await Promise.all([...tries.slice(0, 4), other])).toEqual([true, true, true, true, true])
  while (await relay.tick());
  const states = await Promise.all(ids.map(async (id) => (await store.findDelivery(id))?.state))
  expect(states).toEqual(Array(6).fill('delivered'))
  const next = await emit()
  expect(await relay.tryNow(next, erp)).toBe(true)
})
