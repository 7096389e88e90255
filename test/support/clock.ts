import { createMovableClock, type MovableClock } from '../../src/clock.ts'

/** Where test clocks start: the Bridge objects of `bridge.ts` are a few hours old then. */
export const testNow = Date.UTC(2025, 2, 10, 12, 5)

/** A clock that stands still until it is pushed. */
export const testClock = (start = testNow): MovableClock => createMovableClock({ now: () => start })
