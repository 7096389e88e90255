import { BridgeError, isFinalRefusal, isUnreachable } from '../bridge/bridge-errors.ts'
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

/** Verifies what callbacks left behind: claims made while Bridge was unreachable, or by a correction. */
export async function verifyCallbacks(deps: SettleDeps, memberId: string): Promise<void> {
  const { store, clock, log } = deps
  const at = clock.now()
  const owner = { by: memberId, at, until: at + leaseMs }

  for (const owned of await store.claimCallbacks({ ...owner, limit: batch })) {
    const { id, claimedItemId, claimedStep, itemId, matchedAt } = owned.request
    if (claimedItemId === null) continue
    try {
      const guessed = itemId === null && matchedAt !== null
      const claim = { itemId: claimedItemId, step: claimedStep, guessed }
      const settled = await settleWithBridge(deps, owned, claim)
      if (settled === 'refused') log.warn({ request: id, item: claimedItemId }, 'claim refused')
      await store.forgetClaim(id)
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error
      if (isFinalRefusal(error)) {
        log.warn({ request: id, item: claimedItemId, err: error }, 'claim refused by Bridge')
        await store.forgetClaim(id)
        continue
      }
      log.info({ request: id, err: error }, 'claim kept: not confirmed by Bridge')
      if (isUnreachable(error)) return // one call is enough to know that Bridge is still away
    }
  }
}
