import { expect, it } from 'vitest'
import {
  createClockWatch,
  createFollowingClock,
  createIds,
  createMovableClock,
  steadyClock,
  systemIds,
} from '../../src/clock.ts'

it('a movable clock adds up what it was pushed, on top of its base', () => {
  let base = 1_000
  const clock = createMovableClock({ now: () => base })

  clock.advance(50)
  clock.advance(7)
  base = 2_000

  expect(clock.now()).toBe(2_057)
})

/** A machine whose clock runs, and can be set. */
function machine() {
  const wall = createMovableClock({ now: () => 1_000_000 })
  const monotonic = createMovableClock({ now: () => 5.25 })
  return {
    wall,
    watch: createClockWatch({ wall, monotonic }),
    set: (byMs: number) => wall.advance(byMs),
    run(ms: number) {
      wall.advance(ms)
      monotonic.advance(ms)
    },
  }
}

it('a clock that is set is noticed once, however long it ran in between', () => {
  const { watch, set, run } = machine()
  run(3_600_000)
  expect(watch.jumped()).toBe(0)

  set(60_000)
  run(900_000)
  expect(watch.jumped()).toBe(60_000)
  expect(watch.jumped()).toBe(0)
  set(-86_400_000)
  expect(watch.jumped()).toBe(-86_400_000)
})

it('up to ten seconds are a correction, and many of them no jump', () => {
  const { watch, set } = machine()

  for (let times = 0; times < 5; times += 1) {
    set(10_000)
    expect(watch.jumped()).toBe(0)
  }
  set(10_001)
  expect(watch.jumped()).toBe(10_001)
})

it('how long ago it was put forward is told by the time that passed, also before anybody asked for the jump', () => {
  const { watch, set, run } = machine()
  set(-60_000)
  expect(watch.sinceForward()).toBeUndefined()

  set(59 * 60_000)
  expect(watch.sinceForward()).toBeUndefined() // too little to count in days

  set(90 * 60_000)
  expect(watch.sinceForward()).toBe(0)
  run(500)
  set(-149 * 60_000)

  expect(watch.sinceForward()).toBe(500)
  expect(watch.jumped()).toBe(-60_000)
})

it('the steady clock follows the time that passes and a lever, and no setting', () => {
  const { watch, wall, set, run } = machine()
  const lever = createMovableClock(wall)
  const steady = steadyClock(lever, watch)
  const began = steady.now()

  set(160 * 86_400_000)
  run(500)
  lever.advance(60_000)
  expect(steady.now() - began).toBe(60_500)

  set(-160 * 86_400_000)
  expect(steady.now() - began).toBe(60_500)
  expect(lever.now() - began).toBe(60_500)
})

it('the clocks of this machine run alike', () => {
  const watch = createClockWatch()

  expect(watch.jumped()).toBe(0)
  expect(watch.sinceForward()).toBeUndefined()
})

it('ids are their prefix and 24 letters and digits; a request id fits Bridge’s context', () => {
  expect(systemIds.next('key')).toMatch(/^key_[a-z2-7]{24}$/)
  expect(systemIds.request()).toMatch(/^[a-z2-7]{26}$/)
})

it('ids do not repeat', () => {
  const made = Array.from({ length: 10_000 }, () => systemIds.request())

  expect(new Set(made).size).toBe(made.length)
})

it('an id sorts behind those that were made in an earlier millisecond', async () => {
  const earlier = systemIds.next('evt')
  await new Promise((resolve) => setTimeout(resolve, 3))

  const later = systemIds.next('evt')

  expect([later, earlier].toSorted()).toEqual([earlier, later])
})

/** A machine that is ten minutes ahead, and what tells the time to all. */
function follower() {
  const { wall, set, run } = machine()
  const ran = createMovableClock({ now: () => 5.25 })
  const other = createMovableClock({ now: () => 400_000 })
  return {
    clock: createFollowingClock({ machine: wall, monotonic: ran }),
    wall,
    other,
    set,
    run(ms: number) {
      run(ms)
      ran.advance(ms)
      other.advance(ms)
    },
  }
}

it('a clock that follows another one shows the machine’s time until it was told', () => {
  const { clock, wall, other } = follower()
  expect(clock.now()).toBe(wall.now())

  clock.listen()(other.now())

  expect(clock.now()).toBe(other.now())
})

it('once it was told, it runs on by itself, whoever sets the machine’s', () => {
  const { clock, other, set, run } = follower()
  clock.listen()(other.now())

  run(60_000)
  set(-3_600_000)
  run(1_000)

  expect(clock.now()).toBe(other.now())
})

it('an answer that took its time is as good as its half way, and a slow one makes a good one no worse', () => {
  const { clock, other, run } = follower()
  const slow = clock.listen()
  const told = other.now() // at once: all of the two seconds went by on the way back
  run(2_000)
  slow(told)
  expect(clock.now()).toBe(other.now() - 1_000)

  clock.listen()(other.now())
  expect(clock.now()).toBe(other.now())

  const late = clock.listen()
  const toldLate = other.now()
  run(30_000)
  late(toldLate)
  expect(clock.now()).toBe(other.now())
})

it('it moves with the other clock when that is set, either way', () => {
  const { clock, other } = follower()
  clock.listen()(other.now())

  for (const byMs of [90_000, -200_000]) {
    other.advance(byMs)
    clock.listen()(other.now())
    expect(clock.now()).toBe(other.now())
  }
})

it('a lever moves a clock that follows another one, and no answer takes that back', () => {
  const { clock, other } = follower()
  clock.listen()(other.now())
  const levered = createMovableClock(clock)

  levered.advance(86_400_000)
  clock.listen()(other.now())

  expect(levered.now()).toBe(other.now() + 86_400_000)
})

it('ids are named by the clock they are made with', () => {
  const early = createIds({ now: () => 1_000_000 }).next('evt')
  const late = createIds({ now: () => 1_000_032 }).next('evt')

  expect(early < late).toBe(true)
})
