import { expect, it } from 'vitest'
import { createMovableClock, systemIds } from '../src/clock.ts'

it('a movable clock adds up what it was pushed, on top of its base', () => {
  let base = 1_000
  const clock = createMovableClock({ now: () => base })

  clock.advance(50)
  clock.advance(7)
  base = 2_000

  expect(clock.now()).toBe(2_057)
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
