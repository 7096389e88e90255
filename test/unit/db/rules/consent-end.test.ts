import { expect, it } from 'vitest'
import { isSameEnd } from '../../../../src/db/rules/consent-end.ts'
import { dayMs } from '../../../../src/durations.ts'

const end = Date.UTC(2027, 2, 1, 9, 30, 15, 250)

it('an end cut to the second is the same end, either way round', () => {
  expect([isSameEnd(end, end - 250), isSameEnd(end - 250, end)]).toEqual([true, true])
})

it('an end that a renewal moved is another one', () => {
  expect([isSameEnd(end, end + 14 * dayMs), isSameEnd(end + 14 * dayMs, end)]).toEqual([
    false,
    false,
  ])
})
