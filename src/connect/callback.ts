import { BridgeError } from '../bridge/errors.ts'
import type { ConnectRequest } from '../db/store.ts'
import { withOutcome } from './redirect.ts'
import { settleWithBridge, type Settling } from './settle.ts'

/** What Bridge's callback said; all of it may be forged, for it comes through the browser. */
export interface Callback {
  context: string
  itemId: number | null
  step: string | null
}

export type CallbackAnswer = { redirect: string } | { page: 'unknown' | 'expired' }

/** How often a request may send us to Bridge before it is verified. */
const mostCallbacks = 10

/** Ends a visit to Bridge Connect: verifies what the browser claims, stores it, and says where to send the browser. */
export async function handleCallback(
  settling: Settling,
  { context, itemId, step }: Callback,
): Promise<CallbackAnswer> {
  const { store, clock, log } = settling
  const owned = await store.findRequestForCallback(context)
  if (!owned) return { page: 'unknown' }
  const { request } = owned
  // One that was only matched from Bridge's events may have the wrong item: then the callback is worth a look.
  const isSure = request.matchedAt === null || itemId === null || itemId === request.itemId
  if (request.state === 'completed' && isSure) return toRedirect(request)
  if (request.state === 'expired' || request.expiresAt <= clock.now()) return { page: 'expired' }

  if (itemId === null) {
    return toRedirect(await store.failRequest(request.id, step))
  }
  if (!(await store.countCallback(request.id, mostCallbacks))) return undecided(request)
  try {
    const settled = await settleWithBridge(settling, owned, { itemId, step })
    if (settled !== 'refused') return toRedirect(settled)
    log.warn({ request: request.id, item: itemId }, 'callback refused')
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    log.warn({ request: request.id, err: error }, 'callback kept for later: Bridge not reached')
    await store.rememberClaim(request.id, { itemId, step })
  }
  return undecided(request)
}

const undecided = ({ id, redirectUrl }: ConnectRequest): CallbackAnswer => ({
  redirect: withOutcome(redirectUrl, { request: id }),
})

function toRedirect({ id, redirectUrl, state, itemId, step }: ConnectRequest): CallbackAnswer {
  const request = id
  if (state === 'completed' && itemId !== null) {
    return { redirect: withOutcome(redirectUrl, { request, success: true, item_id: itemId }) }
  }
  if (state === 'failed') {
    return {
      redirect: withOutcome(redirectUrl, { request, success: false, ...(step && { step }) }),
    }
  }
  return { redirect: withOutcome(redirectUrl, { request }) }
}
