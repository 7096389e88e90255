import { deletionTold, type ItemListDeps } from '../ownership/item-list.ts'
import type { OwnedItem } from '../db/ports/items.ts'
import { unlessMissing } from '../bridge/bridge-errors.ts'

/**
 * Ends one bank connection: at Bridge, then here with its accounts and what waits to be sent about it. Asked again after a
 * crash half-way it goes on, for what Bridge no longer knows counts as deleted. With `withBridgeUser` the Bridge user goes
 * with its last item.
 */
export async function removeItem(
  { store, bridge, ...deps }: ItemListDeps,
  { item, ...owner }: OwnedItem,
  { withBridgeUser, actor }: { withBridgeUser: boolean; actor: string },
): Promise<{ accounts: number }> {
  const { userUuid } = owner.user
  // At the time when it is stored: what happened before brings nothing back.
  const by = () => ({ actor, at: deps.clock.now() })
  const ended = withBridgeUser ? { withUser: null } : {}
  if (userUuid === null) return store.deleteItem(item.id, by(), ended)
  await bridge.items.delete(userUuid, item.id).catch(unlessMissing)
  const left = withBridgeUser
    ? ((await bridge.items.list(userUuid).catch(unlessMissing)) ?? [])
    : []
  const isLast = withBridgeUser && left.every(({ id }) => id === item.id)
  if (!isLast) return store.deleteItem(item.id, by())
  await bridge.users.delete(userUuid).catch(unlessMissing)
  const announce = deletionTold(deps, owner, userUuid)
  return store.deleteItem(item.id, by(), { withUser: userUuid, announce })
}
