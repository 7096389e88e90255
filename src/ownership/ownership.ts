import { missing, missingItem, missingUser } from '../auth/not-found.ts'
import { DoesNotExistError, ValidationError } from '../errors.ts'
import type { Scope } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { AmbiguousNameError } from '../db/store-errors.ts'
import type { BridgeUser, SiteUser } from '../db/ports/users.ts'
import type { Item, OwnedItem } from '../db/ports/items.ts'
import type { OwnedRequest } from '../db/ports/requests.ts'
import { isSameName } from '../names.ts'
import { keepAccounts } from './accounts.ts'
import { readItemList, type OwnershipDeps } from './item-list.ts'
import { minuteMs } from '../durations.ts'

/** How callers of either age of the contract say whose item they mean. */
export interface Selector {
  user?: string | undefined
  site?: string | undefined
}

/** An item the caller may use, and the Bridge user to ask for it. */
export interface OwnedBridgeItem extends SiteUser {
  item: Item
  bridgeUser: string
}

const tenMinutesMs = 10 * minuteMs

/** What the key sees, narrowed to `site` when one is named. A site outside is a DoesNotExistError. */
export async function scopeFor(deps: OwnershipDeps, site: string | undefined): Promise<Scope> {
  if (site === undefined) return deps.caller.scope
  const found = await deps.store.findSite(deps.caller.scope, site)
  if (!found) throw missing(deps, 'Site', new DoesNotExistError('site_not_found', { name: site }))
  return { tenantId: found.tenantId, siteId: found.id }
}

/**
 * The Bridge user meant by `user` and `site`: named, or the only one there is.
 * Throws a ValidationError when several users fit, and a DoesNotExistError when none does.
 */
export async function ownedUser(
  deps: OwnershipDeps,
  selector: Selector,
): Promise<SiteUser & { bridgeUser: string }> {
  const { user, site, ambiguous } = await lookUpUser(deps, selector)
  if (ambiguous) {
    if (ambiguous.some((other) => other.site.id !== site?.id)) {
      throw new ValidationError('site_ambiguous')
    }
    if (selector.user === undefined) throw new ValidationError('user_ambiguous')
    throw new AmbiguousNameError('user')
  }
  if (!user || !site || user.userUuid === null) throw missingUser(deps, selector.user ?? '')
  return { user, site, bridgeUser: user.userUuid }
}

/**
 * The item, when it is the caller's. One the key does not hold is looked for once in ten minutes in the item list of the
 * user the selector means (adoption). Otherwise a DoesNotExistError, the same whether it is another's or nobody's.
 */
export const ownedItem = (
  deps: OwnershipDeps,
  itemId: number,
  selector: Selector,
): Promise<OwnedBridgeItem> => getOwned(deps, itemId, selector, () => missingItem(deps, itemId))

/** The same for whoever deletes it: also one that Bridge ended, alone or with its user, for something is left of it here. */
export async function itemToDelete(
  deps: OwnershipDeps,
  itemId: number,
  selector: Selector,
): Promise<OwnedItem> {
  const { tenantId, siteId } = await scopeFor(deps, selector.site)
  const whose = { tenantId, ...(siteId !== null && { siteId }), ofServed: true } as const
  const [held] = await deps.store.listConnections({ id: itemId, withGone: true, ...whose })
  if (held && (await isMeant(deps, held, selector.user))) return held
  return ownedItem(deps, itemId, selector)
}

/** The account's item, when it is the caller's; adopted and refused as `ownedItem` does. */
export const ownedAccount = (
  deps: OwnershipDeps,
  accountId: number,
  selector: Selector,
): Promise<OwnedBridgeItem> =>
  getOwned(deps, { accountId }, selector, () =>
    missing(deps, 'Account', new DoesNotExistError('account_not_found', { id: accountId })),
  )

async function getOwned(
  deps: OwnershipDeps,
  which: number | { accountId: number },
  selector: Selector,
  refuse: () => DoesNotExistError,
): Promise<OwnedBridgeItem> {
  const { store } = deps
  const scope = await scopeFor(deps, selector.site)
  let owned = await store.findItem(scope, which)
  if (!owned) {
    await discoverItems(deps, selector)
    owned = await store.findItem(scope, which)
  }
  if (!owned || owned.user.userUuid === null || !(await isMeant(deps, owned, selector.user))) {
    throw refuse()
  }
  return { ...owned, bridgeUser: owned.user.userUuid }
}

/** The connect request, when it is the caller's; otherwise a DoesNotExistError. */
export async function ownedRequest(
  deps: OwnershipDeps,
  id: string,
): Promise<OwnedRequest & { item: Item | null }> {
  const owned = await deps.store.findRequest(deps.caller.scope, id)
  if (!owned) {
    const refusal = new DoesNotExistError('connect_request_not_found', { id })
    throw missing(deps, 'Connection request', refusal)
  }
  return owned
}

/**
 * Whether a name or uuid that a call gives means this user: when it is the site's own name for the user, Bridge's uuid, or the user has no name yet; another spelling of the
 * name too, when no other user of the site is called exactly that.
 */
async function isMeant(
  { store }: OwnershipDeps,
  { user, site }: SiteUser,
  nameOrUuid: string | undefined,
): Promise<boolean> {
  const is = (one: BridgeUser): boolean => one.name === nameOrUuid || one.userUuid === nameOrUuid
  if (nameOrUuid === undefined || user.name === '' || is(user)) return true
  if (!isSameName(user.name, nameOrUuid)) return false
  const found = await store.findUsers({ tenantId: site.tenantId, siteId: site.id }, nameOrUuid)
  return !found.some((other) => is(other.user))
}

/** Who is meant; `ambiguous`: all who may be, when it may be several. */
async function lookUpUser(
  { store, ...deps }: OwnershipDeps,
  selector: Selector,
): Promise<Partial<SiteUser> & { ambiguous?: SiteUser[] }> {
  const scope = await scopeFor({ store, ...deps }, selector.site)
  let found = await store.findUsers(scope, selector.user)
  if (found.length === 0 && selector.user !== undefined) {
    const only = await findLoneDefault(store, scope)
    if (only) found = [only]
  }
  if (found.length > 1 && selector.user === undefined && scope.siteId !== null) {
    const [unnamed] = await store.findUsers(scope, '')
    if (unnamed) found = [unnamed]
  }
  return { ...found[0], ...(found.length > 1 && { ambiguous: found }) }
}

/** A site that began without names has one default user; the first name it then uses means that one. */
export async function findLoneDefault(store: Store, scope: Scope): Promise<SiteUser | undefined> {
  const [only, second] = await store.findUsers(scope)
  return only && !second && only.user.name === '' ? only : undefined
}

async function discoverItems(deps: OwnershipDeps, selector: Selector): Promise<void> {
  const { store, bridge, clock } = deps
  const { user, site, ambiguous } = await lookUpUser(deps, selector)
  if (!user || !site || ambiguous || user.userUuid === null) return
  const now = clock.now()
  if (!(await store.claimAdoptionRead(user.id, now, now - tenMinutesMs))) return
  try {
    if (!(await readItemList(deps, { user, site }))) return
    await keepAccounts(deps, { user, site }, await bridge.accounts.list(user.userUuid))
  } catch (error) {
    await store.claimAdoptionRead(user.id, 0) // it may be read again at once
    throw error
  }
}
