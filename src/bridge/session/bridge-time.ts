import { leastJumpMs, type Clock, type ClockWatch } from '../../clock.ts'
import { dayMs, hourMs } from '../../durations.ts'

/** What time it is at Bridge, as its answers tell. */
export interface BridgeTime {
  /** Hears an answer's `Date` header. */
  heard(date: unknown): void
  /** How far our clock is ahead of Bridge's, in milliseconds; below zero: behind. Undefined until an answer told. */
  aheadMs(): number | undefined
  /** A time of ours as Bridge's clock would show it; the same while the two agree. */
  toBridge(at: number): number
}

/** `steady` carries what was heard along while our own clock is set. */
export function createBridgeTime({ clock, steady }: { clock: Clock; steady: Clock }): BridgeTime {
  let beyondSteady: number | undefined
  const aheadMs = () =>
    beyondSteady === undefined ? undefined : clock.now() - steady.now() - beyondSteady
  return {
    heard(date) {
      const at = typeof date === 'string' ? Date.parse(date) : Number.NaN
      if (!Number.isNaN(at)) beyondSteady = at - steady.now()
    },
    aheadMs,
    toBridge(at) {
      const ahead = aheadMs() ?? 0
      return Math.abs(ahead) > leastJumpMs ? at - ahead : at // a header is cut to the second, and took its time
    },
  }
}

/**
 * Whether the clock is in doubt: it disagrees with Bridge's by more than an hour, or was put forward within a day, in which
 * whoever runs it may yet put it right. Then nothing is decided by age that cannot be taken back.
 */
export const createClockDoubt =
  (watch: Pick<ClockWatch, 'sinceForward'>, time: Pick<BridgeTime, 'aheadMs'>): (() => boolean) =>
  () =>
    (watch.sinceForward() ?? dayMs) < dayMs || Math.abs(time.aheadMs() ?? 0) > hourMs
