import type { RequestState } from '../db/store.ts'

/** Statuses in which the user can do nothing but wait: just added, just edited, paused, migrating. */
const waiting = new Set([-2, -3, 1007, 1099])

/** Healthy: synchronised, or synchronised without new transactions (Bridge: item statuses). */
const healthy = new Set([0, 1009])

/** What an item's status means for the request that made or managed it. */
export function outcomeOf(status: number): Exclude<RequestState, 'expired'> {
  if (healthy.has(status)) return 'completed'
  return waiting.has(status) ? 'pending' : 'failed'
}
