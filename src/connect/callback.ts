import { BridgeError } from '../bridge/bridge-errors.ts'
import type { ConnectRequest, OwnedRequest } from '../db/ports/requests.ts'
import type { Site } from '../db/ports/sites.ts'
import { isPast } from '../db/rules/request-claim.ts'
import { withOutcome } from './redirect.ts'
import { settleWithBridge, type SettleDeps } from './settle.ts'
import { presentUrl } from './site-urls.ts'

/** What Bridge's callback said; all of it may be forged, for it comes through the browser. */
interface Callback {
  context: string
  itemId: number | null
  step: string | null
}

/** `back`: the site's page that the visit began on, when the site has an address. */
type CallbackAnswer =
  | { redirect: string }
  | { page: 'unknown' }
  | { page: 'expired'; back: string | null }

/** How often a request may send us to Bridge before it is verified. */
const mostCallbacks = 10

/**
 * Ends a visit to Bridge Connect: verifies what the browser claims, stores it, and says where to send the browser. What is
 * not served any more, as a disabled tenant's, is unknown. Bridge may take its time: the site is looked at anew before the
 * browser is sent.
 */
export async function handleCallback(
  deps: SettleDeps,
  callback: Callback,
): Promise<CallbackAnswer> {
  const { store } = deps
  const owned = await store.findRequestForCallback(callback.context)
  if (!owned) return { page: 'unknown' }
  const { request } = owned
  // One that was only matched from Bridge's events may have the wrong item: then the callback is worth a look.
  const { itemId } = callback
  const isSure = request.matchedAt === null || itemId === null || itemId === request.itemId
  if (request.state === 'completed' && isSure) return sendHome(deps, owned.site, request)
  if (request.state === 'expired' || isPast(request.expiresAt, deps)) {
    const { site } = owned
    return {
      page: 'expired',
      back: site.origin && presentUrl(site, request.redirectUrl, deps.publicUrl),
    }
  }

  const decided = await decide(deps, owned, callback)
  const now = await store.findRequestForCallback(request.id)
  if (!now) return { page: 'unknown' }
  return decided ? sendHome(deps, now.site, decided) : undecided(deps, now.site, request)
}

/** The request as it then is; undefined when nothing is known of it yet. */
async function decide(
  deps: SettleDeps,
  owned: OwnedRequest,
  { itemId, step }: Callback,
): Promise<ConnectRequest | undefined> {
  const { store, log } = deps
  const { request } = owned
  if (itemId === null) return store.changeRequest(request.id, { kind: 'left', step })
  if (!(await store.countCallback(request.id, mostCallbacks))) return undefined
  try {
    const settled = await settleWithBridge(deps, owned, { itemId, step })
    if (settled !== 'refused') return settled
    log.warn({ request: request.id, item: itemId }, 'callback refused')
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    log.warn({ request: request.id, err: error }, 'callback kept for later: Bridge not reached')
    await store.changeRequest(request.id, { kind: 'claimed', itemId, step })
  }
  return undefined
}

type Ours = Pick<SettleDeps, 'publicUrl'>

const undecided = (
  { publicUrl }: Ours,
  site: Site,
  { id, redirectUrl }: ConnectRequest,
): CallbackAnswer => ({
  redirect: withOutcome(presentUrl(site, redirectUrl, publicUrl), { request: id }),
})

function sendHome(ours: Ours, site: Site, request: ConnectRequest): CallbackAnswer {
  const { id, state, itemId, step } = request
  const url = presentUrl(site, request.redirectUrl, ours.publicUrl)
  if (state === 'completed' && itemId !== null) {
    return { redirect: withOutcome(url, { request: id, success: true, item_id: itemId }) }
  }
  if (state === 'failed') {
    return { redirect: withOutcome(url, { request: id, success: false, ...(step && { step }) }) }
  }
  return undecided(ours, site, request)
}
