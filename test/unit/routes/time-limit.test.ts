import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { timeLimit } from '../../../src/routes/time-limit.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('a limit ends when its time is over', () => {
  const limit = timeLimit(1_000)

  vi.advanceTimersByTime(999)
  expect(limit.signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(limit.signal.reason).toMatchObject({ name: 'TimeoutError' })
})

it('what is released neither ends nor waits', () => {
  const limit = timeLimit(1_000)
  limit.release()

  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(2_000)
  expect(limit.signal.aborted).toBe(false)
})
