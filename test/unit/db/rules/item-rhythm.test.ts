import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { noRhythm, rhythmAfter } from '../../../../src/db/rules/item-rhythm.ts'
import { dayMs, hourMs } from '../../../../src/durations.ts'

/** What is known of an item after successes that far apart. */
function after(...gaps: number[]) {
  let known: Parameters<typeof rhythmAfter>[0] = { ...noRhythm, lastSuccessAt: null }
  let at = 1_000 * dayMs
  for (const gap of [0, ...gaps]) {
    at += gap
    known = { ...rhythmAfter(known, at), lastSuccessAt: at }
  }
  return { ...known, at }
}

it('the next success is expected after the median of the last five gaps, and a day at least', () => {
  const expected = (...gaps: number[]) => {
    const { expectedAt, at } = after(...gaps)
    return (expectedAt ?? 0) - at
  }

  expect(expected()).toBe(dayMs)
  expect(expected(6 * hourMs, 6 * hourMs)).toBe(dayMs)
  expect(expected(2 * dayMs, 3 * dayMs)).toBe(2.5 * dayMs)
  expect(expected(2 * dayMs, 3 * dayMs, 60 * dayMs)).toBe(3 * dayMs)
  expect(expected(9 * dayMs, ...Array.from({ length: 5 }, () => 2 * dayMs))).toBe(2 * dayMs)
})

it('its absence is told half as long again later, and an hour', () => {
  const { staleDueAt, at } = after(2 * dayMs)

  expect((staleDueAt ?? 0) - at).toBe(3 * dayMs + hourMs)
})

it('what is expected is a whole millisecond, whatever the gaps', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: hourMs, max: 60 * dayMs }), { maxLength: 7 }),
      (gaps) => {
        const { expectedAt, staleDueAt } = after(...gaps)

        expect([expectedAt, staleDueAt].every(Number.isSafeInteger)).toBe(true)
      },
    ),
  )
})

it('the same success told twice is no gap, but puts off what is expected', () => {
  const once = after(2 * dayMs)
  const twice = rhythmAfter(once, once.at + 5_000)

  expect(twice.refreshGaps).toBe(once.refreshGaps)
  expect(twice.expectedAt).toBe((once.expectedAt ?? 0) + 5_000)
})

it('what is no later success changes nothing: what was told stays told', () => {
  fc.assert(
    fc.property(fc.option(fc.nat(1_000), { nil: null }), (earlier) => {
      const known = { ...after(dayMs), staleDueAt: null }
      const successAt = earlier === null ? null : known.lastSuccessAt! - earlier

      const { refreshGaps, expectedAt, staleDueAt } = known
      expect(rhythmAfter(known, successAt)).toEqual({ refreshGaps, expectedAt, staleDueAt })
    }),
  )
})
