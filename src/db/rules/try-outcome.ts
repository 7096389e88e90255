import type { Delivery, Settlement } from '../ports/deliveries.ts'

/** What the end of a try writes to its delivery. */
export type TryEnd = Pick<
  Delivery,
  'state' | 'dueAt' | 'claimedUntil' | 'claimedBy' | 'settledAt' | 'firstEndedAt' | 'scheduleFrom'
>

/**
 * What a delivery becomes when a try of it ends; undefined when another claim has it by now, or none. `wasTried` tells
 * whether the try counts, `freesNext` whether the next of its site and item need not wait for it any longer.
 */
export function endTry(
  delivery: Delivery,
  { attempt, at, outcome }: Pick<Settlement, 'attempt' | 'at' | 'outcome'>,
): { change: TryEnd; wasTried: boolean; freesNext: boolean } | undefined {
  if (delivery.attempts !== attempt || delivery.claimedBy === null) return undefined
  const { state, dueAt, settledAt, firstEndedAt, scheduleFrom } = delivery
  const unclaimed = { claimedUntil: null, claimedBy: null }
  const before = { state, dueAt, settledAt, firstEndedAt, scheduleFrom, ...unclaimed }
  if (outcome.kind === 'released') {
    const change = { ...before, dueAt: at, scheduleFrom: scheduleFrom + 1 }
    return { change, wasTried: false, freesNext: false }
  }
  return {
    change: {
      ...before,
      ...(outcome.kind === 'failed'
        ? { dueAt: outcome.dueAt }
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
