import type { Clock } from '../../clock.ts'
import type { HeldBank } from '../../db/ports/history.ts'
import type { Connection } from '../../db/ports/items.ts'
import type { Store } from '../../db/store.ts'

const rowsPerPage = 40
/** How many banks of one name are told apart. */
const most = 20

/** The connections at a bank, page by page. */
export interface BankList {
  now: number
  bank: HeldBank
  rows: Connection[]
  /** The last of this page, where others follow. */
  next: number | undefined
}

/** Undefined where nobody is connected to a bank of that number. */
export async function readBank(
  { store, clock }: { store: Store; clock: Clock },
  id: number,
  after = 0,
): Promise<BankList | undefined> {
  const bank = (await store.listHeldBanks()).find((one) => one.id === id)
  if (!bank) return undefined
  const rows = await store.listConnections(
    { providerId: id },
    { by: 'id', limit: rowsPerPage, after },
  )
  const next = rows.length === rowsPerPage ? rows.at(-1)?.item.id : undefined
  return { now: clock.now(), bank, rows, next }
}

/** The banks that a word means: by its number, or by a part of its name, accents aside. */
export async function banksMeant(store: Store, word: string): Promise<HeldBank[]> {
  const sought = plain(word)
  if (sought.length < 2) return []
  const banks = await store.listHeldBanks()
  return banks
    .filter(({ id, name }) => String(id) === sought || plain(name ?? '').includes(sought))
    .slice(0, most)
}

const plain = (name: string): string =>
  name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().trim()
