import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { timeLimit } from '../src/time-limit.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('a limit ends when its time is over, and says that it was the time', () => {
  const limit = timeLimit(1_000)

  vi.advanceTimersByTime(999)
  expect(limit.signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(limit.signal.aborted).toBe(true)
  expect(limit.isOver).toBe(true)
  expect(limit.signal.reason).toMatchObject({ name: 'TimeoutError' })
})

it('it ends with the outer signal, for its reason, which is not the time', () => {
  const outer = new AbortController()
  const limit = timeLimit(1_000, outer.signal)

  outer.abort('stopping')
  vi.advanceTimersByTime(2_000)

  expect(limit.signal.reason).toBe('stopping')
  expect(limit.isOver).toBe(false)
})

it('under a signal that has ended it has no time at all', () => {
  const limit = timeLimit(1_000, AbortSignal.abort('gone'))

  expect(limit.signal.reason).toBe('gone')
})

it('what is let go of neither ends nor waits', () => {
  const outer = new AbortController()
  const limit = timeLimit(1_000, outer.signal)
  limit.release()

  expect(vi.getTimerCount()).toBe(0)
  expect(getEventListeners(outer.signal, 'abort')).toEqual([])
  outer.abort()
  vi.advanceTimersByTime(2_000)
  expect(limit.signal.aborted).toBe(false)
})
