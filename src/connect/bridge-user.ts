import type { BridgeResources } from '../bridge/client.ts'
import { isBridge, unlessMissing } from '../bridge/bridge-errors.ts'
import { endBridgeUser, type ItemListDeps } from '../ownership/item-list.ts'
import { isUnknownUser } from '../bridge/resources/user.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { BridgeUser, SiteUser } from '../db/ports/users.ts'
import type { Store } from '../db/store.ts'
import { SiteConflictError } from '../db/store-errors.ts'
import { ValidationError } from '../errors.ts'

interface Deps {
  store: Store
  bridge: BridgeResources
  keyring: Keyring
}

/** Users that are being made at Bridge, so that first links at one instant make one call. A second process has its own. */
const underWay = new WeakMap<Store, Map<string, Promise<string>>>()

/**
 * The Bridge uuid of a stored user, made at Bridge on first need. The row stands before Bridge is asked and names itself
 * there, so a crash in between is healed by Bridge's 409 (Bridge: `external_user_id` is unique per application).
 */
export async function ensureBridgeUser(deps: Deps, user: BridgeUser): Promise<string> {
  if (user.userUuid !== null) return user.userUuid
  const making = underWay.get(deps.store) ?? new Map<string, Promise<string>>()
  underWay.set(deps.store, making)
  const one = making.get(user.id) ?? makeUser(deps, user.id).finally(() => making.delete(user.id))
  making.set(user.id, one)
  return one
}

async function makeUser({ store, bridge, keyring }: Deps, userId: string): Promise<string> {
  const known = await store.readUser(userId) // somebody may have made it since the row was read
  if (!known) throw new SiteConflictError(new ValidationError('site_gone'))
  if (known.userUuid) return known.userUuid
  const externalUserId = keyring.hash('external-user-id', userId).toString('hex')
  const { uuid } = await bridge.users.create({ externalUserId }).catch((error: unknown) => {
    if (!isBridge(error, 'conflict')) throw error
    return bridge.users.findByExternalId(externalUserId)
  })
  if (!(await store.setUserUuid(userId, uuid))) {
    // Deleted with its site meanwhile: nobody here would ever know again whose this one is.
    await bridge.users.delete(uuid).catch(unlessMissing)
    throw new SiteConflictError(new ValidationError('site_gone'))
  }
  return uuid
}

/**
 * Runs a call with the user's Bridge uuid. A user Bridge no longer knows (its own clean-up, or a deletion we did not hear
 * of) takes all items along, as the site is told, and is made anew, once.
 */
export async function asBridgeUser<T>(
  deps: ItemListDeps,
  owner: SiteUser,
  call: (userUuid: string) => Promise<T>,
): Promise<T> {
  const { user } = owner
  const userUuid = await ensureBridgeUser(deps, user)
  try {
    return await call(userUuid)
  } catch (error) {
    if (!isUnknownUser(error)) throw error
    await endBridgeUser(deps, owner, userUuid)
    return call(await ensureBridgeUser(deps, { ...user, userUuid: null }))
  }
}
