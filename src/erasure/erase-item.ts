import type { OwnedBridgeItem } from '../auth/ownership.ts'
import type { BridgeResources } from '../bridge/client.ts'
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
  { item, bridgeUser }: OwnedBridgeItem,
  { withBridgeUser, by }: { withBridgeUser: boolean; by: By },
): Promise<{ accounts: number }> {
  await bridge.items.delete(bridgeUser, item.id).catch(unlessMissing)
  const left = withBridgeUser
    ? ((await bridge.items.list(bridgeUser).catch(unlessMissing)) ?? [])
    : []
  const withUser = withBridgeUser && left.every(({ id }) => id === item.id)
  if (withUser) await bridge.users.delete(bridgeUser).catch(unlessMissing)
  return store.deleteItem(item.id, by, { withUser })
}
