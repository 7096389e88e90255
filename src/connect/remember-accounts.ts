import type { Keyring } from '../vault/keyring.ts'
import { keepAccounts } from '../auth/ownership.ts'
import type { BridgeResources } from '../bridge/client.ts'
import { BridgeError } from '../bridge/bridge-errors.ts'
import type { Store } from '../db/store.ts'

/**
 * Remembers the accounts of an item before somebody manages it, unless we would know their IBANs again already: what the
 * visit changes is found by comparing. A Bridge that cannot say is no obstacle to the visit.
 */
export async function rememberAccounts(
  { store, keyring, bridge }: { store: Store; keyring: Keyring; bridge: BridgeResources },
  { itemId, bridgeUser }: { itemId: number; bridgeUser: string },
  at: number,
): Promise<void> {
  const known = await store.listAccounts(itemId)
  if (known.some(({ ibanFingerprint }) => ibanFingerprint !== null)) return
  try {
    const accounts = await bridge.accounts.list(bridgeUser, { itemId })
    await keepAccounts({ store, keyring, clock: { now: () => at } }, accounts)
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
  }
}
