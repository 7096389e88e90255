import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isRecovered, joined } from '../../../../src/db/rules/recovery.ts'

const since = 100
const ends = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 10 })

/** A dead delivery whose tries ended then, the last with a refusal. */
const deadOf = (ends: readonly number[]) => ({
  eventType: 'item.refreshed',
  hasBody: true,
  attempts: ends.length,
  scheduleFrom: 0,
  ends: ends.toSorted((a, b) => a - b),
  lastStatus: 417 as number | null,
})

it('what had its one try among failures after others had failed died of itself', () => {
  fc.assert(
    fc.property(ends, (ends) => {
      const before = ends.filter((end) => end < since).length
      const among = ends.length - before

      expect(isRecovered(deadOf(ends), since)).toBe(among >= 2 || (among === 1 && before === 0))
    }),
  )
})

it('a further try among the failures never speaks against it', () => {
  fc.assert(
    fc.property(ends, fc.integer({ min: since, max: 200 }), (ends, end) => {
      if (isRecovered(deadOf(ends), since)) {
        expect(isRecovered(deadOf([...ends, end]), since)).toBe(true)
      }
    }),
  )
})

it.each([
  [null, true],
  [429, true],
  [503, true],
  [410, false],
  [417, false],
  [500, false],
])(
  'a last try among failures after others had failed is forgiven once, if it got %s: %s',
  (lastStatus, isForgiven) => {
    const dead = { ...deadOf([since - 1, since]), lastStatus }

    expect(isRecovered(dead, since)).toBe(isForgiven)
    const givenBack = { attempts: dead.attempts + 3, scheduleFrom: 3 }
    expect(isRecovered({ ...dead, ...givenBack }, since)).toBe(isForgiven)
    const sentAgain = { ...dead, ends: [since - 2, ...dead.ends], attempts: 3, scheduleFrom: 1 }
    expect(isRecovered(sentAgain, since)).toBe(false)
  },
)

it('neither a test nor what is forgotten is sent again', () => {
  const dead = deadOf([since, since])

  expect(isRecovered(dead, since)).toBe(true)
  expect(isRecovered({ ...dead, hasBody: false }, since)).toBe(false)
  expect(isRecovered({ ...dead, eventType: 'webhook.test' }, since)).toBe(false)
})

it('spans that are joined, in whatever order, hold all of them and nothing beyond', () => {
  const span = fc
    .tuple(fc.nat(99), fc.nat(99))
    .map(([one, other]) => ({ since: Math.min(one, other), until: Math.max(one, other) }))
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 6 }), (spans) => {
      const all = spans.reduce<ReturnType<typeof joined> | undefined>(joined, undefined)

      expect(all).toEqual({
        since: Math.min(...spans.map(({ since }) => since)),
        until: Math.max(...spans.map(({ until }) => until)),
      })
      expect(spans.toReversed().reduce(joined, undefined as never)).toEqual(all)
    }),
  )
})
