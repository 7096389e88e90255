import { dayMs, hourMs, minuteMs, secondMs } from '../durations.ts'

/** How long something took or takes, in the largest unit that says enough: `40 ms`, `0.2 s`, `5 m`, `26 h`, `12 d`. */
export function lasting(ms: number): string {
  if (ms < 100) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10 * secondMs) return `${(ms / secondMs).toFixed(1)} s`
  if (ms < 2 * minuteMs) return `${Math.round(ms / secondMs)} s`
  if (ms < 2 * hourMs) return `${Math.round(ms / minuteMs)} m`
  return ms < 2 * dayMs ? `${Math.round(ms / hourMs)} h` : `${Math.round(ms / dayMs)} d`
}

/** A time as seen from now: `5 m ago`, `in 12 d`. */
export const fromNow = (at: number, now: number): string =>
  at > now ? `in ${lasting(at - now)}` : `${lasting(now - at)} ago`
