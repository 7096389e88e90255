import { missingItem, missingUser } from '../auth/not-found.ts'
import { isBridge, isFinalRefusal } from '../bridge/bridge-errors.ts'
import type { Item, OwnedItem } from '../db/ports/items.ts'
import type { SiteUser } from '../db/ports/users.ts'
import { notFound } from '../db/rules/item-notes.ts'
import { hourMs } from '../durations.ts'
import { readItemList, type ItemListDeps, type OwnershipDeps } from './item-list.ts'

/**
 * Runs a Bridge call about an item. A 404 is not a deletion: it marks the item unreachable and is thrown on, unless the
 * user's whole list says that the item is gone, or Bridge no longer knows the user: then a DoesNotExistError.
 */
export async function markIfMissing<T>(
  deps: OwnershipDeps,
  held: SiteUser & { item?: Item },
  call: Promise<T>,
): Promise<T> {
  const { store, clock } = deps
  const { item, user } = held
  try {
    return await call
  } catch (error) {
    if (!isFinalRefusal(error)) throw error
    if (item) {
      await refuseGone(deps, { ...held, item }, { hadAccounts: false })
      if (isBridge(error, 'missing')) await store.noteItem(item.id, notFound(clock.now()))
    } else {
      await lookForGone(deps, held, { hadAccounts: false })
      const isThere = user.userUuid !== null && (await store.findUserByUuid(user.userUuid))
      if (!isThere) throw missingUser(deps, user.name)
    }
    throw error
  }
}

/**
 * Looks whether an item is gone that reads as empty, though it had accounts. Throws a DoesNotExistError when the user's
 * whole list says so.
 */
export async function refuseGone(
  deps: OwnershipDeps,
  held: OwnedItem,
  { hadAccounts = true }: { hadAccounts?: boolean } = {},
): Promise<void> {
  if (await isGone(deps, held, { hadAccounts })) throw missingItem(deps, held.item.id)
}

/** Whether the user's whole item list, when it is time to read it, says that an item is gone. */
export async function isGone(
  deps: ItemListDeps,
  held: OwnedItem,
  { hadAccounts }: { hadAccounts: boolean },
): Promise<boolean> {
  const { id } = held.item
  if (!(await lookForGone(deps, held, { itemId: id, hadAccounts }))) return false
  const living = await deps.store.listItems(held.user.id)
  return !living.some((item) => item.id === id)
}

/**
 * Reads the user's whole item list and marks those of ours as gone that it lacks: at most once an hour, and not when anything
 * was heard of the item within it. Without `itemId`, of any of the user's. False when it was not read.
 */
export async function lookForGone(
  deps: ItemListDeps,
  owner: SiteUser,
  { itemId, hadAccounts = true }: { itemId?: number; hadAccounts?: boolean } = {},
): Promise<boolean> {
  const { store, clock } = deps
  const at = clock.now()
  const look = { at, notSince: at - hourMs, hadAccounts, ...(itemId !== undefined && { itemId }) }
  if (!(await store.claimGoneLook(owner.user.id, look))) return false
  try {
    await readItemList(deps, owner)
    return true
  } catch (error) {
    await store.claimGoneLook(owner.user.id, { at: 0 }) // it may be looked at again at once
    throw error
  }
}
