import { expect, test } from 'vitest'
import { readRetryAfter } from '../../src/http-exchange.ts'

const now = Date.UTC(2025, 2, 10, 12, 0, 0)

test.each<[unknown, number | undefined]>([
  ['120', 120_000],
  [' 0 ', 0],
  ['Mon, 10 Mar 2025 12:01:00 GMT', 60_000],
  ['Mon, 10 Mar 2025 11:00:00 GMT', 0],
  [undefined, undefined],
  ['', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['1234567890', undefined],
  ['soon', undefined],
  [['1', '2'], undefined],
])('Retry-After %j is %s ms', (header, expected) => {
  expect(readRetryAfter(header, now)).toBe(expected)
})
