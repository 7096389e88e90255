import { expect, test } from 'vitest'
import { isSince } from '../../../src/connect/is-since.ts'

const openedAt = 1_000_000_500

test.each([
  ['at once, by a clock that is two seconds behind', -2_000, null, true],
  ['more than two seconds before', -2_001, null, false],
  ['by a clock behind, with a try known from the day before', -1_500, -86_400_000, true],
  ['two seconds after the try that was known, and before the link', -1, -2_000, false],
  ['as the try that was known, a second before', -1_000, -1_000, false],
  ['as that try, by a clock ahead', 1_500, 1_500, false],
  ['as that try, printed to the second', 1_500, 1_837, false],
  ['after that try and before the link: its event', -200, -1_000, false],
  ['after that try and the link', 20_000, -1_000, true],
  ['after that try, by a clock ahead', 20_000, 1_500, true],
  ['a moment after both', 2, -3, true],
])('%s', (_, at, tried, expected) => {
  const lastTryAt = tried === null ? null : openedAt + tried
  expect(isSince(openedAt + at, { openedAt, lastTryAt })).toBe(expected)
})
