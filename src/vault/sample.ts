import { sealedColumns, type SealedStore } from '../db/ports/sealed.ts'
import type { Keyring } from './keyring.ts'
import { sealedRow } from './sealed-rows.ts'

/** So many values of each kind. */
const sampleSize = 100

/** Opens some of what is sealed, of each kind; returns how many that were, and the rows of those that do not open there. */
export async function openSample(
  store: Pick<SealedStore, 'listSealed'>,
  keyring: Pick<Keyring, 'open'>,
): Promise<{ opened: number; stuck: string[] }> {
  let opened = 0
  const stuck: string[] = []
  for (const place of sealedColumns) {
    for (const { rowId, sealed } of await store.listSealed(place, null, sampleSize)) {
      const row = sealedRow[place](rowId)
      try {
        keyring.open(sealed, row)
        opened += 1
      } catch {
        stuck.push(row)
      }
    }
  }
  return { opened, stuck }
}
