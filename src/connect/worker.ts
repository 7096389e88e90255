import { BridgeError, isFinalRefusal, isUnreachable } from '../bridge/bridge-errors.ts'
import type { OwnedRequest } from '../db/ports/requests.ts'
import { ClaimLostError } from '../db/store-errors.ts'
import { settleWithBridge, type SettleDeps } from './settle.ts'

const batch = 20
const expiryBatch = 500

/** Longer than a batch takes while Bridge is slow; a member that dies loses it sooner. */
const leaseMs = 5 * 60_000

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
 * Verifies what callbacks left behind: claims made while Bridge was unreachable, or by a correction. Once `stopping` is aborted
 * no further one is begun.
 */
export async function verifyCallbacks(
  deps: SettleDeps,
  memberId: string,
  stopping?: AbortSignal,
): Promise<void> {
  const { store, clock, log } = deps
  const at = clock.now()
  const owner = { by: memberId, at, until: at + leaseMs }

  const claimed = await store.claimCallbacks({ ...owner, limit: batch })
  try {
    for (const owned of claimed) {
      if (stopping?.aborted || !(await verify(deps, owned, memberId))) return
    }
  } catch (error) {
    if (!(error instanceof ClaimLostError)) throw error
    log.warn({}, 'callbacks verified too late: another server has them')
  } finally {
    if (claimed.length > 0) await store.releaseWork('callback', memberId)
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
