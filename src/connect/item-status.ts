import { isHealthy } from '../bridge/resources/items.ts'
import type { ItemFacts } from '../db/ports/items.ts'
import type { Asking } from '../db/ports/overview.ts'
import type { RequestState } from '../db/ports/requests.ts'
import { dayMs, hourMs } from '../durations.ts'

/** Statuses in which the user can do nothing but wait: just added, just edited, paused, migrating. */
const waiting = new Set([-2, -3, 1007, 1099])

/** What an item's status means for the request that made or managed it. */
export function outcomeOf(status: number): Exclude<RequestState, 'expired'> {
  if (isHealthy(status)) return 'completed'
  return waiting.has(status) ? 'pending' : 'failed'
}

/** What a site should do about an item: nothing, wait, or open the link of that name for its user. */
export const nextSteps = ['none', 'wait', 'connect', 'sca', 'edit'] as const
export type NextStep = (typeof nextSteps)[number]

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

/** What Bridge's own tries will not mend, for its user has to do something, nothing, or wait for a pause to end. */
export const notBridgesTurn: readonly number[] = [
  ...Object.entries(steps).flatMap(([status, step]) => (step === 'wait' ? [] : [Number(status)])),
  1007,
  1099,
]

/** Statuses in which nothing goes on until the user has done something. */
export const askingStatuses: readonly number[] = Object.entries(steps)
  .filter(([, step]) => step !== 'none' && step !== 'wait')
  .map(([status]) => Number(status))

/** When a page says of a consent that it ends soon; doctor warns in its last week. */
const endsSoonMs = 14 * dayMs

/** By what an item asks something of its user, or will soon. */
export const askingAt = (now: number): Asking => ({
  statuses: askingStatuses,
  consentsUntil: now + endsSoonMs,
})

/** What to do next about an item of that status; a status we do not know asks for patience. */
export const nextStep = (status: number): NextStep => steps[status] ?? 'wait'

/** How long before its end a consent is worth renewing. */
const renewalDays = 30

/** Bridge refreshes an item once or twice a day. */
const refreshMs = 12 * hourMs

/**
 * What to do next about an item, and when it is due (epoch milliseconds): now for what its status asks of the user, the
 * next refresh for waiting, the end of a consent for renewing it, and for nothing the day when renewing begins.
 */
export function whatNext(
  { status, authenticationExpiresAt: end, lastTryAt }: ItemFacts,
  now: number,
): { next: NextStep; at: number | null } {
  const next = nextStep(status)
  if (next === 'wait') return { next, at: Math.max(now, (lastTryAt ?? now) + refreshMs) }
  if (next !== 'none') return { next, at: now }
  if (end === null) return { next, at: null }
  const opensAt = end - renewalDays * dayMs
  return now < opensAt ? { next, at: opensAt } : { next: 'sca', at: end }
}
