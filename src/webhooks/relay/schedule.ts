import { hourMs, minuteMs, secondMs } from '../../durations.ts'

/** The waits between the tries of a delivery: ten tries in a little over three days. */
const waits = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
]

/** Spreads what failed together. */
const jitter = 0.2

/** The longest a receiver may ask us to wait. */
const mostRetryAfterMs = 24 * hourMs

/**
 * How long to wait, in milliseconds, after the try of that number (from 1) failed; undefined when it was the last. Never
 * sooner than the receiver asked, up to a day. `chance` is in [0, 1).
 */
export function waitAfter(
  tryNumber: number,
  chance: number,
  retryAfterMs: number | undefined,
): number | undefined {
  const wait = waits[tryNumber - 1]
  if (wait === undefined) return undefined
  const spread = Math.round(wait * (1 - jitter + 2 * jitter * chance))
  return Math.max(spread, Math.min(retryAfterMs ?? 0, mostRetryAfterMs))
}
