import type { BridgeResources } from '../bridge/client.ts'
import type { OwnedItem } from '../db/ports/items.ts'
import type { By } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { unlessMissing } from '../bridge/bridge-errors.ts'

/**
 * Ends one bank connection: at Bridge, then here with its accounts and what waits to be sent about it. Asked again after a
 * crash half-way it goes on, for what Bridge no longer knows counts as deleted. With `withBridgeUser` the Bridge user goes
 * with its last item.
 */
export async function removeItem(
  { store, bridge }: { store: Store; bridge: BridgeResources },
  { item, user }: OwnedItem,
  { withBridgeUser, by }: { withBridgeUser: boolean; by: By },
): Promise<{ accounts: number }> {
  const { userUuid } = user
  let withUser = false
  if (userUuid !== null) {
    await bridge.items.delete(userUuid, item.id).catch(unlessMissing)
    if (withBridgeUser) {
      const left = (await bridge.items.list(userUuid).catch(unlessMissing)) ?? []
      withUser = left.every(({ id }) => id === item.id)
      if (withUser) await bridge.users.delete(userUuid).catch(unlessMissing)
    }
  }
  return store.deleteItem(item.id, by, { withUser })
}
