import { expect, test } from 'vitest'
import { ValidationError } from '../../../src/errors.ts'
import { toFrappeDatetime, toInstant } from '../../../src/transactions/since.ts'

const paris = 'Europe/Paris'

test.each([
  ['2025-03-09', '2025-03-08T23:00:00.000Z'],
  [' 2025-03-09 ', '2025-03-08T23:00:00.000Z'],
  ['2025-03-09 10:30:00', '2025-03-09T09:30:00.000Z'],
  ['1900-01-02', '1900-01-01T23:50:39.000Z'],
  ['9998-12-31', '9998-12-30T23:00:00.000Z'],
])('in Paris %j means %s', (text, instant) => {
  expect(new Date(toInstant('since', text, paris)).toISOString()).toBe(instant)
})

test.each(['2025-02-30', '2025-13-01', '1899-12-31', '9999-01-02', '9 March', ''])(
  '%j is no date, and the argument is named',
  (text) => {
    const read = () => toInstant('until', text, paris)

    expect(read).toThrow(ValidationError)
    expect(read).toThrow("'until'")
  },
)

test('a document’s time has no parts of a second', () => {
  expect(toFrappeDatetime(Date.UTC(2025, 2, 9, 9, 30, 5, 123), paris)).toBe('2025-03-09 10:30:05')
})
