import type { NotFoundDeps } from '../auth/not-found.ts'
import type { BridgeResources } from '../bridge/client.ts'
import { toInteger, toText, toTime } from '../bridge/fields.ts'
import type { Item as BridgeItem } from '../bridge/resources/items.ts'
import { isUnknownUser } from '../bridge/resources/user.ts'
import type { Clock } from '../clock.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { ItemFacts } from '../db/ports/items.ts'
import type { SiteUser } from '../db/ports/users.ts'
import type { Store } from '../db/store.ts'
import { sealOwnEvent, type OwnEventDeps } from '../vault/seal-own-event.ts'

/** What it takes to read a user's items, and to tell the site which are gone. */
export interface ItemListDeps extends OwnEventDeps {
  store: Store
  bridge: BridgeResources
  clock: Clock
}

/** Who asks, and what it takes to answer whether a thing is theirs. */
export interface OwnershipDeps extends ItemListDeps, NotFoundDeps {}

/**
 * Reads the whole item list of a user and keeps it: what is missing is gone, and its site is told. False for a user whom
 * Bridge no longer knows, who has no items. Rejects with a BridgeError when Bridge cannot say.
 */
export async function readItemList(deps: ItemListDeps, owner: SiteUser): Promise<boolean> {
  const { store, bridge, clock } = deps
  const { userUuid } = owner.user
  if (userUuid === null) return false
  const at = clock.now()
  const found = await bridge.items.list(userUuid).catch((error: unknown) => {
    if (isUnknownUser(error)) return undefined
    throw error
  })
  if (!found) {
    await endBridgeUser(deps, owner, userUuid)
    return false
  }
  const announce = deletionTold(deps, owner, userUuid)
  await store.keepItems(owner.user.id, found.map(toFacts), { at, complete: true, announce })
  return true
}

/**
 * Keeps that Bridge no longer knows a user by that uuid. Its items are gone at the time when that is stored, for nothing
 * that happened before says otherwise, and its site is told of each as Bridge would have told of a deletion.
 */
export async function endBridgeUser(
  { store, clock, ...deps }: Omit<ItemListDeps, 'bridge'>,
  owner: SiteUser,
  userUuid: string,
): Promise<void> {
  const announce = deletionTold({ clock, ...deps }, owner, userUuid)
  await store.endUser(owner.user.id, { userUuid, at: clock.now(), announce })
}

/** Makes the event that tells a site of an item that is gone, at the time when it is stored: a reader may go by it. */
export const deletionTold =
  (
    { clock, ...deps }: OwnEventDeps & { clock: Clock },
    { user, site }: SiteUser,
    userUuid: string,
  ) =>
  (itemId: number): NewEvent => {
    const content = { item_id: itemId, user_uuid: userUuid }
    const about = { userId: user.id, siteId: site.id, itemId }
    return sealOwnEvent(deps, { type: 'item.deleted', content, ...about }, clock.now())
  }

/** What we keep of an item Bridge described. */
export const toFacts = (item: BridgeItem): ItemFacts => ({
  id: item.id,
  providerId: toInteger(item.provider_id),
  providerName: null,
  accountTypes: toText(item.account_types),
  status: item.status,
  statusCodeInfo: toText(item.status_code_info),
  authenticationExpiresAt: toTime(item.authentication_expires_at),
  lastSuccessAt: toTime(item.last_successful_refresh),
  lastTryAt: toTime(item.last_try_refresh),
})
