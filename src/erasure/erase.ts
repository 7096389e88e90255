import { setImmediate as turn } from 'node:timers/promises'
import type { BridgeResources } from '../bridge/client.ts'
import { unlessMissing } from '../bridge/bridge-errors.ts'
import type { Clock, Ids } from '../clock.ts'
import type { BridgeUser } from '../db/ports/users.ts'
import type { By } from '../db/scope.ts'
import type { Removal } from '../db/ports/removals.ts'
import type { Store } from '../db/store.ts'

/** What it takes to remove a site or a tenant, at Bridge and here. */
export interface RemovalDeps {
  store: Store
  bridge: BridgeResources
  clock: Clock
  ids: Ids
  /** Hears of each user that is done, for progress. */
  onUser?: (user: BridgeUser) => void
  /** Ends it after the piece in hand. */
  signal?: AbortSignal
}

const eventBatch = 200

/** A site's users are listed in an order: not all of them anew for each. */
const userBatch = 100

/** What is to be deleted, and whether its users go at Bridge too. */
export type RemovalOrder = Pick<
  Removal,
  'kind' | 'tenantId' | 'subjectId' | 'name' | 'withBridgeUsers'
>

/**
 * Deletes a site or a tenant with all that hangs on it: at Bridge first, then here, then what waits in queues. From the
 * first step on nobody sees it any more. Cut off half-way, the same order goes on where it ended; the receipt counts all of
 * it. Rejects with a BridgeError when Bridge cannot be asked.
 */
export async function remove(deps: RemovalDeps, order: RemovalOrder, by: By): Promise<Removal> {
  return finish(deps, await beginRemoval(deps, order, by))
}

/** Orders a deletion, or finds the one under way: from here on nobody sees what is to go. */
export const beginRemoval = (
  { store, ids }: Pick<RemovalDeps, 'store' | 'ids'>,
  order: RemovalOrder,
  by: By,
): Promise<Removal> => store.startRemoval({ id: ids.next('rmv'), ...order }, by)

/** Goes on with a deletion that was cut off. */
export async function finish(deps: RemovalDeps, removal: Removal): Promise<Removal> {
  const { store, clock, signal } = deps
  /** Does it piece by piece, while it asks for more. Between two others have their turn: SQLite does each in one go. */
  const inPieces = async <T>(piece: () => Promise<T>, isMore: (done: T) => boolean): Promise<T> => {
    for (;;) {
      const done = await piece()
      if (!isMore(done)) return done
      await turn()
      signal?.throwIfAborted()
    }
  }
  // A call that began before the site was hidden may still add to it: then once more from the top.
  for (;;) {
    await removeUsers(deps, removal)
    const events = { limit: eventBatch }
    await inPieces(
      () => store.removeRows(removal.id, 'events', events),
      (count) => count === eventBatch,
    )
    const end = await inPieces(
      () => store.finishRemoval(removal.id, clock.now()),
      (done) => done === 'more',
    )
    if (end === 'done') return store.getRemoval(removal.id)
  }
}

async function removeUsers(deps: RemovalDeps, removal: Removal): Promise<void> {
  const { kind, subjectId } = removal
  const whose = kind === 'site' ? { siteId: subjectId } : { tenantId: subjectId }
  for (;;) {
    const people = await deps.store.listUsers(whose, { limit: userBatch })
    if (people.length === 0) return
    for (const { user } of people) {
      // A call under way may have made it at Bridge while those before it went, or does from here on: then it is listed again.
      const now = await deps.store.readUser(user.id)
      await removeUser(deps, removal, { ...user, userUuid: (now ?? user).userUuid })
    }
  }
}

async function removeUser(
  { store, bridge, onUser }: RemovalDeps,
  removal: Removal,
  user: BridgeUser,
): Promise<void> {
  const { userUuid } = user
  const atBridge = userUuid !== null && removal.withBridgeUsers
  const here = await store.listConnections({ userId: user.id, withGone: true })
  // What Bridge does not know is deleted there.
  const there =
    userUuid === null ? [] : ((await bridge.items.list(userUuid).catch(unlessMissing)) ?? [])
  for (const id of new Set([...here.map(({ item }) => item.id), ...there.map((one) => one.id)])) {
    if (userUuid !== null) await bridge.items.delete(userUuid, id).catch(unlessMissing)
    await store.removeRows(removal.id, 'items', { key: id, atBridge: userUuid !== null })
  }
  if (atBridge) await bridge.users.delete(userUuid).catch(unlessMissing)
  await store.removeRows(removal.id, 'users', { key: user.id, atBridge, userUuid })
  onUser?.(user)
}
