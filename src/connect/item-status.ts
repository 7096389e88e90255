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

/** What a site should do about an item: nothing, wait, or open the link of that name for its user. */
export type NextStep = 'none' | 'wait' | 'connect' | 'sca' | 'edit'

const steps: Readonly<Record<number, NextStep>> = {
  0: 'none',
  1009: 'none',
  402: 'edit', // wrong credentials
  429: 'edit', // an action in the bank's own site, then a manage session
  430: 'edit',
  1100: 'edit',
  1010: 'sca',
  1005: 'connect', // this account is closed or not supported
}

/** What to do next about an item of that status; a status we do not know asks for patience. */
export const nextStep = (status: number): NextStep => steps[status] ?? 'wait'
