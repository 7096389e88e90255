import type { Clock } from '../clock.ts'
import { retentionKinds, type RetentionKind } from '../db/ports/retention.ts'
import { pastTime } from '../db/rules/past-time.ts'
import type { Store } from '../db/store.ts'
import { dayMs } from '../durations.ts'

/** How many days each kind of row is kept. */
export interface Retention {
  eventsDays: number
  auditDays: number
}

/** Small enough that no call waits for it. */
const batch = 200

const agedBefore = (kind: RetentionKind, retention: Retention, now: number): number =>
  now - retention[pastTime[kind].days] * dayMs

/**
 * Forgets one batch of each kind that is past its time, and counts it into `done`. True when there may be more. Nothing
 * while the clock is in doubt.
 */
export async function tickRetention(
  {
    store,
    clock,
    retention,
    isClockInDoubt = () => false,
  }: {
    store: Store
    clock: Clock
    retention: Retention
    isClockInDoubt?: () => boolean
  },
  done: Partial<Record<RetentionKind, number>> = {},
): Promise<boolean> {
  if (isClockInDoubt()) return false
  let more = false
  for (const kind of retentionKinds) {
    const count = await store.purge(kind, agedBefore(kind, retention, clock.now()), batch)
    done[kind] = (done[kind] ?? 0) + count
    more ||= count === batch
  }
  return more
}

/** How much of each kind is past its time. */
export async function countPastTime({
  store,
  clock,
  retention,
}: {
  store: Store
  clock: Clock
  retention: Retention
}): Promise<Record<RetentionKind, number>> {
  const counts = {} as Record<RetentionKind, number>
  for (const kind of retentionKinds) {
    counts[kind] = await store.countPurgeable(kind, agedBefore(kind, retention, clock.now()))
  }
  return counts
}
