import { accountKinds, isPaymentAccount } from './account-kinds.ts'
import { dayOf } from './times.ts'
import type { BankLedger, BankRow } from './ledger.ts'
import type { Change } from './state.ts'

/** A transaction as one connection shows it: under an id of its own, with when it last changed there. */
export interface Row extends Omit<BankRow, 'state'> {
  readonly id: number
  /** `hidden`: this connection does not show it, or not yet. */
  readonly state: BankRow['state'] | 'hidden'
  readonly updatedAt: number
}

export interface Counts {
  created: number
  updated: number
  deleted: number
}

/** All transactions of one item at one revision, never changed. */
export interface ItemLedger {
  readonly revision: number
  readonly at: number
  /** By id, without gaps: the row with id n is at n - firstId. */
  readonly rows: readonly Row[]
  readonly firstId: number
  /** By account position: cents, when it was last refreshed, and what the last change did. */
  readonly balances: BankLedger['balances']
  readonly stamps: readonly number[]
  readonly counts: readonly Counts[]
  /** The rows by `updated_at`, then id. Sorted when first asked for. */
  byChange(): readonly Row[]
}

/** The ids of one item: more than it ever has rows, and all far below 2^53. */
const idSpace = 2 ** 24
const recentDays = 30

/** The item a transaction's id belongs to, whether or not there is one. */
export const itemOfTransaction = (id: number): number => Math.floor(id / idSpace)

/**
 * What an item shows of its person's ledger after each of its own changes, from nothing. What the bank deleted before the
 * item saw it is never shown; what it shows anew is what changed at the bank since the item's last change.
 */
export function startItemLedger(
  itemId: number,
  recentFirst: boolean,
): (change: Change, bank: BankLedger) => ItemLedger {
  const firstId = itemId * idSpace + 1
  let shown: readonly Row[] = []
  let seen: readonly BankRow[] = []
  let shownFrom = -Infinity
  let lastStamp = 0

  return function apply(change, bank) {
    const before = shown
    const known = seen
    // Twelve stamps a change, one for each account, always later than the change before.
    const stamp = Math.max(change.at - accountKinds.length + 1, lastStamp + 1)
    lastStamp = stamp + accountKinds.length - 1
    if (change.kind === 'first' && recentFirst) shownFrom = dayOf(change.at) - recentDays
    if (change.kind === 'full') shownFrom = -Infinity

    const rows = bank.rows.map((row, index): Row => {
      const old = before[index]
      const wasShown = old !== undefined && old.state !== 'hidden'
      const isHidden = row.state === 'deleted' ? !wasShown : row.made <= shownFrom
      const state = isHidden ? 'hidden' : row.state
      const isGained =
        change.kind === 'widened' && !isPaymentAccount(row.position) && state !== 'deleted'
      if (old?.state === state && known[index] === row && !isGained) return old
      return { ...row, state, id: firstId + index, updatedAt: stamp + row.position }
    })
    shown = rows
    seen = bank.rows
    let sorted: readonly Row[] | undefined
    return {
      revision: change.revision,
      at: change.at,
      rows,
      firstId,
      balances: bank.balances,
      stamps: accountKinds.map((_, position) => stamp + position),
      counts: countChanges(before, rows, change),
      byChange() {
        sorted ??= rows.toSorted((a, b) => a.updatedAt - b.updatedAt || a.id - b.id)
        return sorted
      },
    }
  }
}

/** What a change did to each account. To someone who widened an item, the rows it gains are new. */
function countChanges(before: readonly Row[], after: readonly Row[], change: Change): Counts[] {
  const counts = accountKinds.map((): Counts => ({ created: 0, updated: 0, deleted: 0 }))
  for (const [index, row] of after.entries()) {
    const old = before[index]
    const one = counts[row.position]
    if (old === row || row.state === 'hidden' || one === undefined) continue
    if (row.state === 'deleted') one.deleted += 1
    else if (old === undefined || old.state === 'hidden' || change.kind === 'widened') {
      one.created += 1
    } else one.updated += 1
  }
  return counts
}
