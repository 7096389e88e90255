import { toText } from '../bridge/fields.ts'
import type { Account } from '../bridge/resources/accounts.ts'
import { isBridge, isFinalRefusal } from '../bridge/bridge-errors.ts'
import { DoesNotExistError, ValidationError } from '../errors.ts'
import type { Scope } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { AmbiguousNameError } from '../db/store-errors.ts'
import type { Replacement } from '../db/ports/accounts.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { BridgeUser, SiteUser } from '../db/ports/users.ts'
import type { Item, OwnedItem } from '../db/ports/items.ts'
import type { OwnedRequest } from '../db/ports/requests.ts'
import { notFound } from '../db/rules/item-notes.ts'
import { isSameName } from '../names.ts'
import type { Caller } from './api-keys.ts'
import { readItemList, type ItemListDeps } from './item-list.ts'
import type { Keyring } from '../vault/keyring.ts'
import { ownEvent, type OwnEventDeps } from '../vault/own-event.ts'
import { hourOf, type AuditCounter } from '../audit/counter.ts'
import { hourMs, minuteMs } from '../durations.ts'

/** Who asks, and what it takes to answer whether a thing is theirs. */
export interface OwnershipDeps extends ItemListDeps {
  caller: Caller
  auditCounter: AuditCounter
}

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

/** The ids of an item's accounts, read from Bridge and remembered as its own. */
export async function accountsOf(deps: OwnershipDeps, held: OwnedBridgeItem): Promise<number[]> {
  const itemId = held.item.id
  const list = deps.bridge.accounts.list(held.bridgeUser, { itemId })
  const accounts = await markIfMissing(deps, held, list)
  await keepAccounts(deps, held, accounts)
  return accounts.filter((account) => account.item_id === itemId).map(({ id }) => id)
}

/**
 * Remembers which item each account belongs to, so that an account id alone has an owner, and tells the site of accounts
 * that came back under another id. Resolves to those that are known to. `at`: as of when they were the item's.
 */
export async function keepAccounts(
  deps: Pick<OwnershipDeps, 'store' | 'clock' | 'keyring' | 'ids'>,
  { user, site }: SiteUser,
  accounts: readonly Account[],
  at = deps.clock.now(),
): Promise<Replacement[]> {
  const { store, clock, keyring } = deps
  // Most reads find what the one before found: those cost no hashes and no commit.
  const { news, replacements } = await store.lookAtAccounts(
    accounts.map(({ id, item_id: itemId, iban }) => ({
      id,
      itemId,
      hasIban: Boolean(toText(iban)),
    })),
  )
  if (news.length === 0) return replacements
  const isFresh = new Set(news)
  const found = await store.keepAccounts(
    accounts
      .filter(({ id }) => isFresh.has(id))
      .map((account) => ({
        id: account.id,
        itemId: account.item_id,
        ibanFingerprint: fingerprintOf(keyring, account),
        ownerPrint: ownerPrintOf(keyring, user, account),
      })),
    at,
    {
      userId: user.id,
      announce: (replacement) => replacedEvent(deps, { user, site }, replacement, clock.now()),
    },
  )
  return [...replacements, ...found]
}

function replacedEvent(
  deps: OwnEventDeps,
  { user, site }: SiteUser,
  { accountId, itemId, replacedAccountId, replacedItemId, dataUntil }: Replacement,
  at: number,
): NewEvent {
  const content = {
    item_id: itemId,
    account_id: accountId,
    replaced_item_id: replacedItemId,
    replaced_account_id: replacedAccountId,
    data_until: dataUntil === null ? null : new Date(dataUntil).toISOString(),
  }
  const about = { userId: user.id, siteId: site.id, itemId }
  return ownEvent(deps, { type: 'account.replaced', content, ...about }, at)
}

/** What tells whether an account of this item still has the IBAN it had, and says nothing else; null without an IBAN. */
export const fingerprintOf = (
  keyring: Keyring,
  { item_id: itemId, iban }: Account,
): Buffer | null => {
  const text = writtenAlike(iban)
  return text ? keyring.hash('iban', `${itemId}:${text}`) : null
}

/** What all accounts of a user with this IBAN have in common, and no other user's; null without an IBAN. */
const ownerPrintOf = (keyring: Keyring, user: BridgeUser, { iban }: Account): Buffer | null => {
  const text = writtenAlike(iban)
  return text ? keyring.hash('iban-of-user', `${user.id}:${text}`) : null
}

const writtenAlike = (iban: unknown): string | undefined =>
  toText(iban)?.replace(/\s/g, '').toUpperCase()

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

const missingItem = (deps: OwnershipDeps, id: number): DoesNotExistError =>
  missing(deps, 'Item', new DoesNotExistError('item_not_found', { id }))

const missingUser = (deps: OwnershipDeps, name: string): DoesNotExistError =>
  missing(
    deps,
    'User',
    name === ''
      ? new DoesNotExistError('user_not_found.unnamed')
      : new DoesNotExistError('user_not_found', { name }),
  )

/** The refusal, once the audit has counted that this key asked for what is not there; `what` is the audit's word. */
export function missing(
  { caller, clock, auditCounter }: OwnershipDeps,
  what: 'Site' | 'User' | 'Item' | 'Account' | 'Connection request' | 'Key',
  refusal: DoesNotExistError,
): DoesNotExistError {
  const now = clock.now()
  auditCounter.count({
    at: now,
    tenantId: caller.tenant.id,
    actor: `key:${caller.apiKey}`,
    action: 'id.unknown',
    subject: what,
    bucket: hourOf(now),
  })
  return refusal
}
