import { expect, it } from 'vitest'
import { hourOf, minuteOf } from '../../src/durations.ts'

it('minutes and hours begin where the clock says', () => {
  const at = Date.UTC(2025, 2, 10, 12, 5, 31, 7)

  expect(minuteOf(at)).toBe(Date.UTC(2025, 2, 10, 12, 5))
  expect(hourOf(at)).toBe(Date.UTC(2025, 2, 10, 12))
})
