import type { Store } from '../db/store.ts'
import type { Keyring } from './keyring.ts'
import { emailRow } from './sealed-rows.ts'

/** The address that a link call gave for the user earlier. */
export async function readUserEmail(
  { store, keyring }: { store: Store; keyring: Keyring },
  userId: string,
): Promise<string | undefined> {
  const user = await store.readUser(userId)
  return user?.email ? keyring.open(user.email, emailRow(userId)).toString('utf8') : undefined
}
