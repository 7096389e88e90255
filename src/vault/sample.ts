import { sealedColumns, type SealedStore } from '../db/ports/sealed.ts'
import type { Keyring } from './keyring.ts'
import { sealedRow } from './rekey.ts'

/** So many values of each kind. */
const sampleSize = 100

/** Opens some of what is sealed, of each kind; returns how many that were. Throws when one does not open where it stands. */
export async function openSample(
  store: Pick<SealedStore, 'listSealed'>,
  keyring: Pick<Keyring, 'open'>,
): Promise<number> {
  let opened = 0
  for (const place of sealedColumns) {
    for (const { rowId, sealed } of await store.listSealed(place, null, sampleSize)) {
      try {
        keyring.open(sealed, sealedRow[place](rowId))
      } catch (cause) {
        throw new Error(`A sealed value does not open: ${sealedRow[place](rowId)}`, { cause })
      }
      opened += 1
    }
  }
  return opened
}
