import { expect, it } from 'vitest'
import { renewalOf } from '../../../../src/db/rules/renewal-count.ts'

const day = 24 * 60 * 60_000
const end = Date.UTC(2027, 5, 1)

it.each([
  ['the first end that is heard of is no renewal', null, end, end - day, null],
  ['the same end, printed otherwise, is none', end, end + 900, end - day, null],
  ['nor is one that comes earlier', end, end - 9 * day, end - 10 * day, null],
  ['one in time, at the last moment', end, end + 180 * day, end, 'before'],
  ['one that is late', end, end + 180 * day, end + 1, 'after'],
] as const)('%s', (_name, counted, now, at, expected) => {
  expect(renewalOf(counted, now, at)).toBe(expected)
})
