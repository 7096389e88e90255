import type { Clock } from '../clock.ts'
import { retentionKinds, type AgeCursor, type RetentionKind } from '../db/ports/retention.ts'
import { retentionRules } from '../db/rules/retention-rules.ts'
import type { Store } from '../db/store.ts'
import { dayMs } from '../durations.ts'

/** How many days each kind of row is kept. */
export interface Retention {
  eventsDays: number
  auditDays: number
}

/** How many rows are looked at together. Small enough that no call waits for it. */
const batch = 200

const agedBefore = (kind: RetentionKind, retention: Retention, now: number): number =>
  now - retention[retentionRules[kind].days] * dayMs

/**
 * Forgets what is past its time, in rounds: each tick looks at one batch of each kind that has more of them, behind the last
 * one, so that a row that has to stay is looked at once in a round. It counts into `done`, and is true until the round is
 * over. Nothing while the clock is in doubt.
 */
export function createRetention({
  store,
  clock,
  retention,
  isClockInDoubt = () => false,
}: {
  store: Store
  clock: Clock
  retention: Retention
  isClockInDoubt?: () => boolean
}): (done?: Partial<Record<RetentionKind, number>>) => Promise<boolean> {
  const cursors = new Map<RetentionKind, AgeCursor | undefined>()
  return async (done = {}) => {
    if (isClockInDoubt()) return false
    if (cursors.size === 0) for (const kind of retentionKinds) cursors.set(kind, undefined)
    for (const [kind, after] of cursors) {
      const before = agedBefore(kind, retention, clock.now())
      const { count, upTo } = await store.purge(kind, before, { limit: batch, after })
      done[kind] = (done[kind] ?? 0) + count
      if (upTo) cursors.set(kind, upTo)
      else cursors.delete(kind)
    }
    return cursors.size > 0
  }
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
