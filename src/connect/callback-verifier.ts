import { BridgeError, isFinalRefusal, isUnreachable } from '../bridge/bridge-errors.ts'
import type { OwnedRequest, RequestCursor } from '../db/ports/requests.ts'
import { ClaimLostError } from '../db/store-errors.ts'
import { minuteMs } from '../durations.ts'
import { settleWithBridge, type SettleDeps } from './settle.ts'

const batch = 20
const expiryBatch = 500

/** Longer than a batch takes while Bridge is slow; a member that dies loses it sooner. */
const leaseMs = 5 * minuteMs

/** Ends requests whose day is over. True when there may be more to do at once. */
export async function expireRequests({
  store,
  clock,
  isClockInDoubt,
}: Pick<SettleDeps, 'store' | 'clock' | 'isClockInDoubt'>): Promise<boolean> {
  if (isClockInDoubt()) return false
  return (await store.expireRequests(clock.now(), expiryBatch)) === expiryBatch
}

/**
 * A round that verifies what callbacks left behind: claims made while Bridge was unreachable, or by a correction. It goes on
 * behind the claim that the round before ended with, and begins anew once it has been through all that were there when it
 * last did: newer ones may come for ever. Once `stopping` is aborted no further one is begun.
 */
export function createCallbackVerifier(
  deps: SettleDeps,
  memberId: string,
): (stopping?: AbortSignal) => Promise<void> {
  const { store, clock, log } = deps
  let after: RequestCursor | undefined
  let begunAt = 0

  const claim = async () => {
    const at = clock.now()
    const claiming = { by: memberId, at, until: at + leaseMs, limit: batch }
    if (after && after.openedAt <= begunAt) {
      const claimed = await store.claimCallbacks({ ...claiming, after })
      if (claimed.length > 0) return claimed
    }
    begunAt = at
    return store.claimCallbacks(claiming)
  }

  return async (stopping) => {
    const claimed = await claim()
    try {
      for (const owned of claimed) {
        if (stopping?.aborted) return
        // Whatever comes of it: a claim that stays waits for all others to have their turn.
        after = owned.request
        if (!(await verify(deps, owned, memberId))) return
      }
    } catch (error) {
      if (!(error instanceof ClaimLostError)) throw error
      log.warn({}, 'callbacks verified too late: another server has them')
    } finally {
      if (claimed.length > 0) await store.releaseWork('callback', memberId)
    }
  }
}

/** False when Bridge is still away: one call is enough to know that. */
async function verify(deps: SettleDeps, owned: OwnedRequest, by: string): Promise<boolean> {
  const { store, log } = deps
  const { id, claimedItemId: item, claimedStep, itemId, matchedAt } = owned.request
  if (item === null) return true
  try {
    const guessed = itemId === null && matchedAt !== null
    const claim = { itemId: item, step: claimedStep, guessed, by }
    const settled = await settleWithBridge(deps, owned, claim)
    if (settled === 'refused') log.warn({ request: id, item }, 'claim refused')
    await store.changeRequest(id, { kind: 'given-up', itemId: item }, by)
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    if (isFinalRefusal(error)) {
      log.warn({ request: id, item, err: error }, 'claim refused by Bridge')
      await store.changeRequest(id, { kind: 'given-up', itemId: item }, by)
      return true
    }
    log.info({ request: id, err: error }, 'claim kept: not confirmed by Bridge')
    return !isUnreachable(error)
  }
  return true
}
