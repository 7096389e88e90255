import type { BridgeTime } from '../bridge/session/bridge-time.ts'
import { unlessMissing } from '../bridge/bridge-errors.ts'
import type { BridgeClient } from '../bridge/client.ts'
import { budgetMs } from '../bridge-bounds.ts'
import { toTime } from '../bridge/fields.ts'
import type { ReferenceData } from '../bridge/reference-data.ts'
import type { Item } from '../bridge/resources/items.ts'
import { toFacts } from '../ownership/item-list.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Clock, Ids } from '../clock.ts'
import type { ConnectRequest, OwnedRequest } from '../db/ports/requests.ts'
import type { Store } from '../db/store.ts'
import type { Log } from '../logger.ts'
import { completedEvent } from './completed-event.ts'
import { isSince } from './is-since.ts'
import { outcomeOf } from './item-status.ts'
import { nameOfProvider } from './provider-name.ts'

export interface SettleDeps {
  store: Store
  bridge: BridgeClient
  reference: ReferenceData
  clock: Clock
  ids: Ids
  keyring: Keyring
  publicUrl: string
  /** Then no request is over for its age. */
  isClockInDoubt: () => boolean
  bridgeTime: Pick<BridgeTime, 'toBridge'>
  log: Pick<Log, 'info' | 'warn'>
}

/** The item that a visit is said to have ended with. */
interface VisitClaim {
  itemId: number
  step: string | null
  /** No callback named the item, Bridge's events suggested it: a callback may still correct that. */
  guessed?: boolean
  /** The member that took the request's callback to verify: when another one has it by now, nothing is stored. */
  by?: string
}

/** The item is another user's, older than the request, or held by another request. Nothing was stored. */
type Refused = 'refused'

/**
 * Decides with Bridge, not with the browser, whether an item is what this request ended with, and stores both. Rejects with a
 * BridgeError when Bridge cannot be asked.
 */
export async function settleWithBridge(
  deps: SettleDeps,
  owned: OwnedRequest,
  claim: VisitClaim,
): Promise<ConnectRequest | Refused> {
  const { store, clock } = deps
  const { request, user, site } = owned
  const payer = { tenant: site.tenantId, site: site.id }
  const bridge = deps.bridge.within(AbortSignal.timeout(budgetMs), payer)
  if (user.userUuid === null) return 'refused'
  if (request.managedItemId !== null && request.managedItemId !== claim.itemId) return 'refused'

  const at = clock.now()
  const item = await bridge.items.get(user.userUuid, claim.itemId).catch(unlessMissing)
  if (!item) return 'refused'
  const openedAt = deps.bridgeTime.toBridge(request.openedAt)
  if (!isOfVisit(item, { ...request, openedAt })) {
    // The item is the request's own, but nothing happened to it: the user came back without finishing.
    if (request.managedItemId === null) return 'refused'
    const left = { kind: 'left', step: claim.step } as const
    return (await store.changeRequest(request.id, left, claim.by)) ?? 'refused'
  }

  const state = outcomeOf(item.status)
  const read = toFacts(item)
  const named = { log: deps.log, reference: deps.reference.through(() => bridge) }
  const facts = { ...read, providerName: await nameOfProvider(named, read.providerId) }
  const { outcome, request: settled } = await store.settleRequest(
    request.id,
    {
      state,
      step: state === 'failed' ? claim.step : null,
      item: facts,
      at,
      matched: claim.guessed ?? false,
    },
    completedEvent(deps, owned, facts, clock.now()),
    claim.by,
  )
  return outcome === 'held' ? 'refused' : settled
}

/** Whether the visit made the item or, when the link was to manage it, tried it anew. */
const isOfVisit = (item: Item, request: ConnectRequest): boolean =>
  [request.managedItemId === null ? item.created_at : null, item.last_try_refresh].some((text) => {
    const at = toTime(text)
    return at !== null && isSince(at, request)
  })
