import type { BridgeResources } from '../bridge/client.ts'
import { BridgeStatusError, isBridge, isFinalRefusal } from '../bridge/bridge-errors.ts'
import { toInteger, toText, toTime } from '../bridge/fields.ts'
import type { Item as BridgeItem } from '../bridge/resources/items.ts'
import type { Clock } from '../clock.ts'
import type { ItemFacts } from '../db/ports/items.ts'
import type { SiteUser } from '../db/ports/users.ts'
import type { Store } from '../db/store.ts'
import { ownEvent, type OwnEventDeps } from '../vault/own-event.ts'

/** What it takes to read a user's items, and to tell the site which are gone. */
export interface ItemListDeps extends OwnEventDeps {
  store: Store
  bridge: BridgeResources
  clock: Clock
}

/**
 * Reads the whole item list of a user and keeps it. False for a user whom Bridge no longer knows, who has no items. Rejects
 * with a BridgeError when Bridge cannot say.
 */
export async function readItemList(deps: ItemListDeps, owner: SiteUser): Promise<boolean> {
  const { bridge, clock } = deps
  const { userUuid } = owner.user
  if (userUuid === null) return false
  const at = clock.now()
  const found = await bridge.items.list(userUuid).catch(async (error: unknown) => {
    if (await isUnknownUser(bridge, userUuid, error)) return undefined
    throw error
  })
  await keepItemList(deps, owner, { userUuid, found, at })
  return found !== undefined
}

/**
 * Keeps what Bridge answered to who asked for a user's items at `at`; `found` is undefined when it no longer knows the user. What is
 * missing is gone, and its site is told as Bridge would have told of a deletion.
 */
export async function keepItemList(
  { store, ...deps }: OwnEventDeps & { store: Store },
  { user, site }: SiteUser,
  { userUuid, found, at }: { userUuid: string; found: BridgeItem[] | undefined; at: number },
): Promise<void> {
  const gone = (itemId: number) => {
    const content = { item_id: itemId, user_uuid: userUuid }
    const about = { userId: user.id, siteId: site.id, itemId }
    return ownEvent(deps, { type: 'item.deleted', content, ...about }, at)
  }
  const facts = (found ?? []).map(toFacts)
  await store.keepItems(user.id, facts, { at, complete: true, announce: gone })
  if (!found) await store.applyEvent({ kind: 'user-gone', userId: user.id, userUuid, at })
}

/**
 * Whether an error says that Bridge does not know the user. What the token endpoint says then is not documented (400, 404
 * and 422 have been seen), and a 400 may mean other things: so the user is asked for by uuid, and only a 404 there is
 * believed.
 */
export async function isUnknownUser(
  bridge: BridgeResources,
  userUuid: string,
  error: unknown,
): Promise<boolean> {
  const isDoubtful =
    error instanceof BridgeStatusError &&
    error.route.endsWith('/authorization/token') &&
    isFinalRefusal(error)
  if (!isDoubtful) return false
  return bridge.users.get(userUuid).then(
    () => false,
    (answer: unknown) => isBridge(answer, 'missing'),
  )
}

/** For `catch`: undefined when Bridge does not know what of a user's was asked for, or the user; throws all else on. */
export const unlessGone =
  (bridge: BridgeResources, userUuid: string) =>
  async (error: unknown): Promise<undefined> => {
    const isGone = isBridge(error, 'missing') || (await isUnknownUser(bridge, userUuid, error))
    if (!isGone) throw error
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
