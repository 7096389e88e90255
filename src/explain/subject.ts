import { setImmediate as turn } from 'node:timers/promises'
import type { Subject } from '../db/ports/history.ts'
import type { Store } from '../db/store.ts'
import type { Keyring } from '../vault/keyring.ts'
import { emailRow } from '../vault/sealed-rows.ts'

/** How many things of one name are told apart. */
const limit = 10

/**
 * What a word means; an address that a link call gave for a user, which is sealed, is looked for last, and `onRead` hears how
 * many were opened.
 */
export async function subjectsOf(
  { store, keyring }: { store: Store; keyring: Keyring },
  word: string,
  onRead: (addresses: number) => void = () => {},
): Promise<Subject[]> {
  const found = await store.findSubjects(word, limit)
  if (found.length > 0 || !word.includes('@')) return found
  return usersWithAddress({ store, keyring }, word.toLowerCase(), onRead)
}

async function usersWithAddress(
  { store, keyring }: { store: Store; keyring: Keyring },
  address: string,
  onRead: (addresses: number) => void,
): Promise<Subject[]> {
  const found: Subject[] = []
  let read = 0
  let after: string | number | null = null
  for (;;) {
    const page = await store.listSealed('user-email', after, 500)
    for (const { rowId, sealed } of page) {
      if (emailIn(keyring, rowId, sealed)?.toLowerCase() === address)
        found.push({ kind: 'user', id: rowId })
    }
    onRead((read += page.length))
    await turn() // reading a file gives none, and a server may be searching many addresses
    const last = page.at(-1)
    if (!last || found.length >= limit) return found.slice(0, limit)
    after = last.key
  }
}

/** Undefined where it does not open: one that is damaged must not hide all others. */
function emailIn(keyring: Keyring, userId: string, sealed: Buffer): string | undefined {
  try {
    return keyring.open(sealed, emailRow(userId)).toString('utf8')
  } catch {
    return undefined
  }
}
