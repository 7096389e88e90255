import type { Delivery, Settlement } from '../ports/deliveries.ts'
import { anew } from './replay.ts'

/** What the end of a try writes to its delivery. */
export type TryEnd = Pick<
  Delivery,
  'state' | 'dueAt' | 'claimedUntil' | 'claimedBy' | 'settledAt' | 'firstEndedAt' | 'scheduleFrom'
>

/**
 * What a delivery becomes when a try of it ends; undefined when another claim has it by now, or none. `wasTried` tells
 * whether the try counts, `freesNext` whether the next of its site and item need not wait for it any longer. What would die of
 * another address than the site's present one begins anew there.
 */
export function endTry(
  delivery: Delivery,
  { attempt, at, outcome, endpoint }: Pick<Settlement, 'attempt' | 'at' | 'outcome' | 'endpoint'>,
  present: string | null,
): { change: TryEnd; wasTried: boolean; freesNext: boolean } | undefined {
  if (delivery.attempts !== attempt || delivery.claimedBy === null) return undefined
  const { state, dueAt, settledAt, firstEndedAt, scheduleFrom } = delivery
  const unclaimed = { claimedUntil: null, claimedBy: null }
  const before = { state, dueAt, settledAt, firstEndedAt, scheduleFrom, ...unclaimed }
  if (outcome.kind === 'released') {
    const change = { ...before, dueAt: at, scheduleFrom: scheduleFrom + 1 }
    return { change, wasTried: false, freesNext: false }
  }
  const isElsewhere = endpoint !== null && endpoint.webhookUrl !== present
  // A test alone dies of its first try.
  const isLast = outcome.kind === 'dead' && attempt - scheduleFrom > 1
  return {
    change: {
      ...before,
      ...(outcome.kind === 'failed'
        ? { dueAt: outcome.dueAt }
        : isElsewhere && isLast
          ? anew(delivery, at)
          : { state: outcome.kind, settledAt: at }),
      firstEndedAt: firstEndedAt ?? at,
    },
    wasTried: true,
    freesNext: firstEndedAt === null,
  }
}

/** When a new delivery is due: not before the first try of those of its site and item that came earlier. */
export const firstDueAt = (at: number, { isBehind }: { isBehind: boolean }): number | null =>
  isBehind ? null : at
