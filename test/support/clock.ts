import { createClockWatch, createMovableClock, type MovableClock } from '../../src/clock.ts'

/** Where test clocks start: the Bridge objects of `bridge.ts` are a few hours old then. */
export const testNow = Date.UTC(2025, 2, 10, 12, 5)

/** A clock that stands still until it is pushed. */
export const testClock = (start = testNow): MovableClock => createMovableClock({ now: () => start })

/** A watch over a test clock, which runs when it is advanced and is set when it is `jump`ed. */
export function watchOver(clock: MovableClock) {
  let jumpedMs = 0
  return {
    clockWatch: createClockWatch({ wall: clock, monotonic: { now: () => clock.now() - jumpedMs } }),
    jump(ms: number) {
      clock.advance(ms)
      jumpedMs += ms
    },
  }
}
