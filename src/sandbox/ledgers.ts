import { LRUCache } from 'lru-cache'
import { seedOf, startLedger, type BankLedger } from './ledger.ts'
import { startItemLedger, type ItemLedger } from './item-ledger.ts'
import { looksOf, type Item, type State } from './state.ts'

export interface Ledgers {
  /** The item's rows as they are now. Throws when the item never synchronised. */
  now(item: Item): ItemLedger
  /** The item's rows as they were at a revision; undefined before its first synchronisation. */
  at(item: Item, revision: number): ItemLedger | undefined
  clear(): void
}

interface Kept {
  /** The item's ledgers from the revision after the last one to this. */
  upTo(revision: number): ItemLedger[]
  recent: ItemLedger[]
}

/** Rows are made when first read and kept for the 64 items read last; those of others are made again. */
export function createLedgers(state: State): Ledgers {
  const kept = new LRUCache<number, Kept>({ max: 64 })

  const start = (item: Item): Kept['upTo'] => {
    const look = startLedger(seedOf(item))
    const apply = startItemLedger(item.id, item.recentFirst)
    let bank: BankLedger = { rows: [], balances: [] }
    let done = 0
    return (revision) => {
      if (revision <= done) return []
      const made: ItemLedger[] = []
      for (const { itemId, ...change } of looksOf(state, item, { after: done, upTo: revision })) {
        if (change.kind === 'first' || change.kind === 'usual') bank = look(change.at)
        if (itemId === item.id) made.push(apply(change, bank))
      }
      done = revision
      return made
    }
  }
  const upToDate = (item: Item): ItemLedger[] => {
    const one = kept.get(item.id) ?? { upTo: start(item), recent: [] }
    kept.set(item.id, one)
    one.recent = [...one.recent, ...one.upTo(item.changes.at(-1)?.revision ?? 0)].slice(-8)
    return one.recent
  }

  return {
    now(item) {
      const ledger = upToDate(item).at(-1)
      if (ledger === undefined) throw new Error(`Item ${item.id} never synchronised`)
      return ledger
    },
    at(item, revision) {
      const fits = (ledger: ItemLedger): boolean => ledger.revision <= revision
      return upToDate(item).findLast(fits) ?? start(item)(revision).at(-1)
    },
    clear: () => kept.clear(),
  }
}
