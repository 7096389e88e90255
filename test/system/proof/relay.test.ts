import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Site } from '../../../src/db/ports/sites.ts'
import type { SiteAnswer, Post, Sender } from '../../../src/webhooks/relay/sender.ts'
import { createRelay } from '../../../src/webhooks/relay/relay.ts'
import { relayRooms } from '../../unit/webhooks/relay-rooms.ts'
import { inForm } from '../../support/form.ts'

const secondMs = 1_000
const gone: SiteAnswer = { status: null, error: 'ECONNREFUSED', refused: false }
const silent: SiteAnswer = { status: null, error: 'no answer within 15 s', refused: false }
const good: SiteAnswer = { status: 200, response: Buffer.alloc(0), retryAfter: undefined }

/** Lets everything that needs no time end: a commit takes a turn of the event loop, and wakes what waits for it. */
const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 6; turns += 1) await turn()
}

/** A network on the clock of the test: each try ends when its time has come. */
function network(clock: { now(): number; advance(ms: number): void }) {
  const open = new Set<{ url: string; endsAt: number; end: () => void }>()
  let mostAtOne = 0
  const sender = (answerOf: (post: Post) => { afterMs: number; answer: SiteAnswer }): Sender => ({
    send(post) {
      const { afterMs, answer } = answerOf(post)
      if (afterMs === 0) return Promise.resolve(answer)
      return new Promise((resolve) => {
        const one = {
          url: post.url,
          endsAt: clock.now() + afterMs,
          end: () => {
            open.delete(one)
            resolve(answer)
          },
        }
        open.add(one)
        mostAtOne = Math.max(mostAtOne, [...open].filter(({ url }) => url === post.url).length)
      })
    },
    close: async () => {},
  })
  const passMs = async (ms: number) => {
    clock.advance(ms)
    for (const one of open) if (one.endsAt <= clock.now()) one.end()
    await settled()
  }
  return { sender, passMs, mostAtOne: () => mostAtOne }
}

test.each([
  ['as many sockets as those would take', 4],
  ['three times as many sockets', 12],
])(
  'with 10 % of the endpoints dead, 10 % hanging and %s, no healthy delivery waits for one of them',
  async (_, socketsEach) => {
    const sites = inForm(50, 200)
    const names = Array.from({ length: sites }, (_, index) => `${index}.test`)
    const rooms = await relayRooms({ names })
    const { clock, emit, listenAt, relaying } = rooms
    const { sender, passMs, mostAtOne } = network(clock)
    const kindOf = (index: number) => ['dead', 'hanging'][index % 10] ?? 'healthy'
    const started = new Map<string, number>()
    const tries = new Map<number, number>()
    const sending = sender(({ url, headers }) => {
      const index = Number(new URL(url).hostname.split('.')[0])
      const id = headers['webhook-id']!
      if (!started.has(id)) started.set(id, clock.now())
      if (kindOf(index) === 'healthy') return { afterMs: 0, answer: good }
      tries.set(index, (tries.get(index) ?? 0) + 1)
      if (kindOf(index) === 'dead') return { afterMs: 0, answer: gone }
      return { afterMs: 15 * secondMs, answer: silent }
    })
    const mostInFlight = (sites / 10) * socketsEach
    const relay = createRelay({ ...relaying, sender: sending }, { mostInFlight })
    for (const [index, site] of rooms.sites.entries()) {
      await listenAt(`https://${index}.test/hook`, site)
    }

    const late: number[] = []
    let healthy = 0
    for (let round = 1; round <= inForm(60, 600); round += 1) {
      const emitted: string[] = []
      const at = clock.now()
      for (const [index, site] of rooms.sites.entries()) {
        const id = await emit(round, { site, itemId: round })
        if (kindOf(index) === 'healthy') emitted.push(id)
      }
      while (await relay.pump()) await settled()
      for (const id of emitted) {
        healthy += 1
        if (started.get(id) !== at) late.push((started.get(id) ?? Infinity) - at)
      }
      await passMs(secondMs)
    }
    const last = passMs(20 * secondMs)
    await last
    await relay.drain(0)

    expect(healthy).toBe((sites * 8 * inForm(60, 600)) / 10)
    expect(late).toEqual([])
    expect(mostAtOne()).toBeLessThanOrEqual(4)
    // Five failures, then a probe now and then.
    expect(Math.max(...tries.values())).toBeLessThanOrEqual(12)
    expect(tries.size).toBe(sites / 5)
  },
)

const refused: SiteAnswer = { status: 417, response: Buffer.alloc(0), retryAfter: undefined }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What is in use once all garbage is gone. */
function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

test('a backlog drains without growing memory, and new events do not wait for its end', async () => {
  const backlog = inForm(3_000, 100_000)
  const died = inForm(100, 2_000)
  const names = Array.from({ length: 20 }, (_, index) => `${index}.test`)
  const rooms = await relayRooms({ names })
  const { emit, listenAt, relaying, clock, sites, store, ids } = rooms
  const order: string[] = []
  let inFlight = 0
  let most = 0
  let answer = refused
  const sender: Sender = {
    async send({ headers }) {
      inFlight += 1
      most = Math.max(most, inFlight)
      order.push(headers['webhook-id']!)
      await turn()
      inFlight -= 1
      return answer
    },
    close: async () => {},
  }
  const log = { info() {}, warn() {}, error() {} } // lines kept would count as memory
  const relay = createRelay({ ...relaying, sender, log })
  const emitMany = async (count: number, siteOf: (index: number) => Site, itemFrom = 0) => {
    const made: string[] = []
    for (let start = 0; start < count; start += 1_000) {
      const some = Array.from({ length: Math.min(1_000, count - start) }, (_, index) =>
        emit(index, { site: siteOf(index), itemId: itemFrom + start + index }),
      )
      made.push(...(await Promise.all(some)))
    }
    return made
  }

  // All but the last come out of an outage. The first refused everything until it was dead, and recovers by itself.
  const [dying, ...others] = sites.slice(0, -1)
  await listenAt('https://x.test/hook', dying)
  await emitMany(died, () => dying!, 10_000_000)
  while ((await store.readFigures(clock.now())).deliveries.dead < died) {
    while (await relay.tick());
    clock.advance(3_600 * secondMs)
  }
  expect(order).toHaveLength(10 * died)
  answer = good
  order.length = 0
  // Of the others each event is replayed.
  const old = await emitMany(backlog, (index) => others[index % others.length]!)
  for (const site of sites.slice(1)) await listenAt('https://x.test/hook', site)
  const replay = (events: string[]) =>
    store.replayEvents(events, () => ids.next('dlv'), { actor: 'test', at: clock.now() })
  for (let start = 0; start < old.length; start += 200) await replay(old.slice(start, start + 200))
  clock.advance(1)

  let half = { heap: 0, delivered: 0 }
  const fresh = new Map<string, number>()
  const drained = async () => (await store.readFigures(clock.now())).deliveries.pending === 0
  for (let ticks = 0; ; ticks += 1) {
    const isMore = await relay.tick()
    if (ticks % 10 === 5 && order.length < backlog * 0.9) {
      for (const site of [dying!, sites.at(-1)!]) {
        fresh.set(await emit('new', { site, itemId: 1_000_000 + fresh.size }), order.length)
      }
    }
    if (half.delivered === 0 && order.length > backlog / 2) {
      half = { heap: heapUsed(), delivered: order.length }
    }
    if (!isMore) break
  }
  const grown = (heapUsed() - half.heap) / (order.length - half.delivered)

  expect(await drained()).toBe(true)
  expect((await store.readFigures(clock.now())).deliveries.dead).toBe(0)
  expect(order).toHaveLength(backlog + died + fresh.size)
  expect(fresh.size).toBeGreaterThan(4)
  const waited = [...fresh].map(([id, from]) => order.indexOf(id) - from)
  expect(Math.max(...waited)).toBeLessThanOrEqual(4 * sites.length) // the very next round
  expect(most).toBeLessThanOrEqual(4 * sites.length)
  expect(grown).toBeLessThan(1_024) // bytes for each that was delivered; the list of ids is some of them
})

test('a clock that jumps ahead and back delays nothing by the jump', async () => {
  const { relaying, emit, listenAt, clock, jump, store } = await relayRooms()
  const { sender } = network(clock)
  const answers: SiteAnswer[] = [gone]
  const relay = createRelay({
    ...relaying,
    sender: sender(() => ({ afterMs: 0, answer: answers.shift() ?? good })),
  })
  await listenAt('https://x.test/hook')
  const dayMs = 24 * 60 * 60_000
  await relay.tick()

  jump(dayMs)
  const failed = await emit('failed', { itemId: 1 })
  await relay.tick()
  const waiting = await emit('waiting', { itemId: 2 })
  jump(-dayMs)
  const after = await emit('after', { itemId: 3 })
  while (await relay.tick());

  expect(await store.findDelivery(waiting)).toMatchObject({ state: 'delivered' })
  expect(await store.findDelivery(after)).toMatchObject({ state: 'delivered' })
  clock.advance(6 * secondMs)
  await relay.tick()
  expect(await store.findDelivery(failed)).toMatchObject({ state: 'delivered' })
})
