import { expect, test } from 'vitest'
import { toTime } from '../../../src/bridge/fields.ts'

test.each([
  ['1970-01-01T00:00:00Z', 0],
  ['9999-12-31T23:59:59.999Z', Date.UTC(10_000, 0) - 1],
  ['1969-12-31T23:59:59.999Z', null],
  ['+010000-01-01T00:00:00.000Z', null],
  ['soon', null],
  [1_741_608_000_000, null],
  [null, null],
])('of Bridge’s times %j is read as %j', (value, expected) => {
  expect(toTime(value)).toBe(expected)
})
