import type { ItemListDeps } from '../ownership/item-list.ts'
import { keepAccounts } from '../ownership/accounts.ts'
import { BridgeError } from '../bridge/bridge-errors.ts'
import type { OwnedItem } from '../db/ports/items.ts'

/**
 * Remembers the accounts of an item before somebody manages it, unless we would know their IBANs again already: what the
 * visit changes is found by comparing. A Bridge that cannot say is no obstacle to the visit.
 */
export async function rememberAccounts(
  deps: ItemListDeps,
  { item, bridgeUser, ...owner }: OwnedItem & { bridgeUser: string },
  at: number,
): Promise<void> {
  const known = await deps.store.listAccounts(item.id)
  if (known.some(({ ibanFingerprint }) => ibanFingerprint !== null)) return
  try {
    const accounts = await deps.bridge.accounts.list(bridgeUser, { itemId: item.id })
    await keepAccounts(deps, owner, accounts, at)
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
  }
}
