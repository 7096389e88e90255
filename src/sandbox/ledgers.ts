import { startLedger, type Ledger } from './ledger.ts'
import type { Item } from './state.ts'

export interface Ledgers {
  /** The item's rows as they are now. Throws when the item never synchronised. */
  now(item: Item): Ledger
  /** The item's rows as they were at a revision; undefined before its first synchronisation. */
  at(item: Item, revision: number): Ledger | undefined
  clear(): void
}

interface Kept {
  apply: ReturnType<typeof startLedger>
  applied: number
  recent: Ledger[]
}

/** Rows are made when first read and kept for the `limit` items read last; older ones are made again. */
export function createLedgers(limit = 64): Ledgers {
  const kept = new Map<number, Kept>()

  const upToDate = (item: Item): Kept => {
    const one = kept.get(item.id) ?? {
      apply: startLedger(item.id, item.recentFirst),
      applied: 0,
      recent: [],
    }
    // Re-inserted, so that the first key is the one read longest ago.
    kept.delete(item.id)
    kept.set(item.id, one)
    const oldest = kept.keys().next().value
    if (kept.size > limit && oldest !== undefined) kept.delete(oldest)
    for (const change of item.changes.slice(one.applied)) {
      one.recent.push(one.apply(change))
      if (one.recent.length > 8) one.recent.shift()
    }
    one.applied = item.changes.length
    return one
  }

  return {
    now(item) {
      const ledger = upToDate(item).recent.at(-1)
      if (ledger === undefined) throw new Error(`Item ${item.id} never synchronised`)
      return ledger
    },
    at(item, revision) {
      const fits = (ledger: Ledger): boolean => ledger.revision <= revision
      const found = upToDate(item).recent.findLast(fits)
      if (found !== undefined) return found
      const changes = item.changes.filter((change) => change.revision <= revision)
      const apply = startLedger(item.id, item.recentFirst)
      return changes.map((change) => apply(change)).at(-1)
    },
    clear: () => kept.clear(),
  }
}
