import { expect, test } from 'vitest'
import { createWindows } from '../../../src/bridge/admission/rate-limits.ts'
import { testNow } from '../../support/clock.ts'

test('calls that a clock put back has yet to reach do not count', () => {
  const windows = createWindows(1)

  windows.count('ann', testNow + 3_600_000)

  expect(windows.waitFor('ann', 0, testNow)).toBe(0)
})

test('of several waits that Bridge asked for the longest counts', () => {
  const windows = createWindows(60)

  windows.hold('ann', testNow + 30_000)
  windows.hold('ann', testNow + 10_000)

  expect(windows.waitFor('ann', 0, testNow)).toBe(30_000)
})
