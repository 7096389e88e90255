import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { waitAfter } from '../../../src/webhooks/relay/schedule.ts'

const hourMs = 60 * 60_000
const middle = 0.5 // no jitter

test('nine waits, 75 hours and 35 minutes together, then none', () => {
  const waits = Array.from({ length: 9 }, (_, index) => waitAfter(index + 1, middle, undefined)!)

  expect(waits.map((wait) => wait / 1_000)).toEqual([
    5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
  ])
  expect(waits.reduce((sum, wait) => sum + wait)).toBe(75 * hourMs + 35 * 60_000 + 5_000)
  expect(waitAfter(10, middle, undefined)).toBeUndefined()
  expect(waitAfter(10, middle, 5_000)).toBeUndefined()
})

test('a wait strays by a fifth at most, and never sooner than asked', () => {
  const tryNumber = fc.integer({ min: 1, max: 9 })
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const asked = fc.option(fc.integer({ min: 0, max: 100 * hourMs }), { nil: undefined })
  fc.assert(
    fc.property(tryNumber, chance, asked, (number, chance, retryAfter) => {
      const wait = waitAfter(number, chance, retryAfter)!
      const plain = waitAfter(number, middle, undefined)!
      const least = Math.min(retryAfter ?? 0, 24 * hourMs)
      expect(wait).toBeGreaterThanOrEqual(Math.max(Math.floor(plain * 0.8), least))
      expect(wait).toBeLessThanOrEqual(Math.max(Math.ceil(plain * 1.2), least))
    }),
  )
})
