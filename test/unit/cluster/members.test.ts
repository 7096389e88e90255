import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { createFollowingClock } from '../../../src/clock.ts'
import { renewMs, silentMs } from '../../../src/cluster/liveness.ts'
import { joinOthers } from '../../../src/cluster/members.ts'
import { minuteMs } from '../../../src/durations.ts'
import type { MemberStore, SeenMember } from '../../../src/db/ports/members.ts'
import { StoreAwayError } from '../../../src/db/store-errors.ts'
import { testClock, testNow } from '../../support/clock.ts'

/** Members as a database keeps them for all: what the contract promises, in a few lines, with a clock that is pushed. */
function aSharedDatabase() {
  const clock = testClock()
  let rows: SeenMember[] = []
  let lead: { by: string; until: number } | undefined
  let isAway = false
  const reach = () => {
    if (isAway) throw new StoreAwayError('The database is away', { cause: new Error('ended') })
  }
  const store: Parameters<typeof joinOthers>[0] = {
    async joinMembers(member, { at, silentSince }) {
      reach()
      rows = rows.filter(({ id, seenAt }) => id !== member.id && seenAt > silentSince)
      rows.push({ ...member, seenAt: at })
      return undefined
    },
    async renewMember(id, { at, silentSince, leadUntil }) {
      reach()
      const row = rows.find((one) => one.id === id)
      if (!row) return undefined
      row.seenAt = at
      if (!lead || lead.by === id || lead.until <= at) lead = { by: id, until: leadUntil }
      const removed = rows.filter(({ seenAt }) => seenAt <= silentSince)
      rows = rows.filter(({ seenAt }) => seenAt > silentSince)
      return { living: rows.length, leads: lead.by === id, removed, time: clock.now() }
    },
    async removeMember(id) {
      reach()
      rows = rows.filter((one) => one.id !== id)
      if (lead?.by === id) lead = undefined
    },
  }
  const logged: string[] = []
  async function join(id: string, { machineAheadMs = 0 } = {}) {
    const machine = { now: () => clock.now() + machineAheadMs }
    const time = createFollowingClock({ machine, monotonic: { now: () => clock.now() - testNow } })
    time.listen()(clock.now())
    let led = 0
    let answered = () => {}
    const log = (_: object, text: string) => void logged.push(`${id}: ${text}`)
    const member = { id, host: 'host', pid: 1 }
    const counting = {
      ...store,
      renewMember: async (...sign: Parameters<MemberStore['renewMember']>) => {
        try {
          return await store.renewMember(...sign)
        } finally {
          answered()
        }
      },
    }
    const membership = await joinOthers(counting, {
      member,
      clock: time,
      monotonic: clock,
      onLead: () => void (led += 1),
      log: { info: log, warn: log, error: log },
    })
    onTestFinished(() => membership.stop())
    /** Gives a sign of life, and waits until it has its answer. */
    async function live() {
      await turn() // the loop's own first one
      const answer = new Promise<void>((resolve) => void (answered = resolve))
      membership.nudge()
      await answer
      await turn()
    }
    return { ...membership, time, led: () => led, live }
  }
  return {
    clock,
    join,
    logged,
    living: () => rows.map(({ id }) => id),
    cut: (away: boolean) => void (isAway = away),
  }
}

it('members know how many live, and one of them leads', async () => {
  const { join } = aSharedDatabase()
  const one = await join('one')
  const two = await join('two')
  await one.live()

  expect([one.living(), two.living()]).toEqual([2, 2])
  expect([one.leads(), two.leads()]).toEqual([true, false])
  expect([one.led(), two.led()]).toEqual([1, 0])
})

it('one that is killed is struck off within a silence and a sign of life, and another leads by then', async () => {
  const { join, clock, living, logged } = aSharedDatabase()
  await join('killed') // gives no sign of life any more
  const other = await join('other')

  for (let passedMs = 0; passedMs < silentMs + renewMs; passedMs += renewMs) {
    clock.advance(renewMs)
    await other.live()
  }

  expect(living()).toEqual(['other'])
  expect(other.living()).toBe(1)
  expect(other.leads()).toBe(true)
  expect(other.led()).toBe(1)
  expect(logged).toContain('other: a silent server was struck off: its work goes on here')
})

it('one that was frozen counts on nothing when it wakes up, and joins again under its name', async () => {
  const { join, clock, living } = aSharedDatabase()
  const frozen = await join('frozen')
  const other = await join('other')
  for (let passedMs = 0; passedMs < 120_000; passedMs += renewMs) {
    clock.advance(renewMs)
    await other.live()
  }
  expect(living()).toEqual(['other'])
  expect([frozen.holdsLease(), frozen.leads()]).toEqual([false, false])

  await frozen.live()
  await frozen.live()

  expect(living()).toEqual(['other', 'frozen'])
  expect([frozen.holdsLease(), frozen.leads(), frozen.living()]).toEqual([true, false, 2])
  expect(other.leads()).toBe(true)
})

it('whoever is cut off stops counting on its place and its lead before others may take them', async () => {
  const { join, clock, cut } = aSharedDatabase()
  const one = await join('one')
  cut(true)

  clock.advance(silentMs - 1)
  await one.live()

  expect([one.holdsLease(), one.leads()]).toEqual([false, false])
})

it('when the database was away for all, who is back first strikes nobody off', async () => {
  const { join, clock, cut, living, logged } = aSharedDatabase()
  const [one, two] = [await join('one'), await join('two')]
  cut(true)
  clock.advance(60_000)
  await Promise.all([one.live(), two.live()])
  cut(false)

  await two.live()
  await one.live()
  clock.advance(renewMs)
  await two.live()

  expect(living()).toEqual(['one', 'two'])
  expect(logged.filter((line) => line.includes('struck off'))).toEqual([])
})

it('that the database is away is told at once and then each minute, and once that it is back', async () => {
  const { join, clock, cut, logged } = aSharedDatabase()
  await join('leading')
  const one = await join('one')
  cut(true)
  for (let passedMs = 0; passedMs < 2 * minuteMs; passedMs += renewMs) {
    await one.live()
    clock.advance(renewMs)
  }
  cut(false)
  for (let times = 0; times < 2; times += 1) await one.live()

  expect(logged.filter((line) => line.startsWith('one: the database'))).toEqual([
    'one: the database is away: ended',
    'one: the database is away: ended',
    'one: the database is back',
  ])
})

it('a lead that is lost is told, and one that comes back after it', async () => {
  const { join, clock, cut, logged } = aSharedDatabase()
  const one = await join('one')
  await one.live()
  cut(true)
  clock.advance(silentMs)
  await one.live()
  cut(false)
  await one.live()
  await one.live()
  clock.advance(2 * silentMs) // frozen
  await one.live()

  expect(logged.filter((line) => line.includes('lead'))).toEqual([
    'one: this server leads',
    'one: this server leads no more',
    'one: this server leads',
    'one: this server leads no more',
    'one: this server leads',
  ])
  expect(one.led()).toBe(3)
})

it('one that stops leaves its lead to the next, who is told', async () => {
  const { join, clock } = aSharedDatabase()
  const one = await join('one')
  const two = await join('two')

  await one.stop()
  clock.advance(1)
  await two.live()

  expect([two.leads(), two.led(), two.living()]).toEqual([true, 1, 1])
})

it('one that stops while the database is away says so and stops', async () => {
  const { join, cut, logged } = aSharedDatabase()
  const one = await join('one')
  cut(true)

  await one.stop()

  expect(logged).toContain('one: left without a word')
})
