import { expect, test } from 'vitest'
import { createDaysSeen } from '../../../src/transactions/days-seen.ts'

const seen = (...dates: (string | null)[]) => {
  const days = createDaysSeen()
  days.add(dates)
  return days
}

test('the earliest day is named from which on there are few enough', () => {
  const days = seen('2025-03-09', '2025-03-09', '2025-03-08', '2025-03-07', '2025-03-06')

  expect(days.from(4)).toBe('2025-03-07')
  expect(days.from(3)).toBe('2025-03-08')
  expect(days.from(2)).toBe('2025-03-09')
  expect(days.from(1)).toBeUndefined()
})

test('the day seen last is not named, for it may go on', () => {
  expect(seen('2025-03-09', '2025-03-08').from(10)).toBe('2025-03-09')
  expect(seen('2025-03-09').from(10)).toBeUndefined()
})

test.each([
  ['oldest first', ['2025-03-07', '2025-03-08', '2025-03-09']],
  ['mixed', ['2025-03-09', '2025-03-07', '2025-03-08']],
  ['with what is no date between', ['2025-03-09', '2025-03-08T10:00', '2025-03-08']],
  ['without a date between', ['2025-03-09', null, '2025-03-08']],
])('no day is known from rows that come %s', (_, dates) => {
  expect(seen(...dates).from(10)).toBeUndefined()
})
