import type { Keyring } from '../vault/keyring.ts'
import type { BridgeTime } from '../bridge/session/bridge-time.ts'
import type { Ids } from '../clock.ts'
import type { RefreshedItem } from '../db/ports/events.ts'
import type { ConnectRequest, OwnedRequest } from '../db/ports/requests.ts'
import type { Item } from '../db/ports/items.ts'
import type { Store } from '../db/store.ts'
import { minuteMs } from '../durations.ts'
import type { Log } from '../logger.ts'
import { completedEvent } from './completed-event.ts'
import { isSince } from './is-since.ts'
import { outcomeOf } from './item-status.ts'

interface MatchDeps {
  store: Store
  ids: Ids
  keyring: Keyring
  bridgeTime: Pick<BridgeTime, 'toBridge'>
  log: Pick<Log, 'info'>
}

/** How long a callback may take to say which of several requests an item belongs to. */
const callbackMs = 10 * minuteMs

/**
 * Ends the connect request that a refreshed item belongs to, for browsers that never come back: Bridge's events carry no
 * `context`. The request that holds the item follows its status. Else the user's open requests that it may belong to: one
 * is taken, of several the newest, but only ten minutes after the event. Returns when to look again, if it must.
 */
export async function matchRefreshed(
  deps: MatchDeps,
  refreshed: RefreshedItem,
  now: number,
): Promise<number | undefined> {
  const found = await deps.store.findRequestsForItem(refreshed.itemId)
  if (!found || found.item.goneAt !== null) return undefined
  const { item, holder } = found
  // Events tell Bridge's time.
  const { toBridge } = deps.bridgeTime
  const open = found.open.map(({ request, ...owned }) => ({
    ...owned,
    request: {
      ...request,
      openedAt: toBridge(request.openedAt),
      expiresAt: toBridge(request.expiresAt),
    },
  }))
  const holders = open.filter(
    ({ request }) => request.itemId === item.id && isAlive(request, refreshed, holder),
  )
  for (const owned of holders) await settle(deps, owned, item)
  // A refresh that nobody's visit caused says nothing of a visit.
  if (refreshed.trigger !== null && refreshed.trigger !== 'connect') return undefined

  const fits = open.filter(({ request }) => {
    if (request.itemId !== null || request.expiresAt <= refreshed.occurredAt) return false
    if (request.managedItemId !== null) {
      // Bridge reads the whole history minutes after a visit: that is an echo of the visit before this link.
      if (refreshed.full) return false
      return request.managedItemId === item.id && isSince(refreshed.occurredAt, request)
    }
    return holder === null && isSince(item.createdAt, request)
  })
  // An item is either being managed or new: a link that manages it names it, which is the better clue.
  const managing = fits.filter(({ request }) => request.managedItemId !== null)
  const candidates = managing.length > 0 ? managing : fits
  const newest = candidates.at(-1)
  if (!newest) return undefined
  const decideAt = refreshed.receivedAt + callbackMs
  if (candidates.length > 1 && now < decideAt) return decideAt
  await settle(deps, newest, item)
  return undefined

  async function settle({ store, log }: MatchDeps, owned: OwnedRequest, item: Item): Promise<void> {
    const { request } = owned
    const state = outcomeOf(item.status)
    const { outcome } = await store.settleRequest(
      request.id,
      {
        state,
        step: state === 'failed' ? request.step : null,
        item: item.id,
        at: now,
        matched: true,
      },
      completedEvent(deps, owned, item, now),
    )
    log.info({ request: request.id, item: item.id, state, outcome }, 'request matched by event')
  }
}

/** What made the item may complete at any time; a visit to manage it is over after its day. */
const isAlive = (
  request: ConnectRequest,
  { occurredAt }: RefreshedItem,
  maker: OwnedRequest | null,
): boolean => request.id === maker?.request.id || request.expiresAt > occurredAt
