import { BridgeError, isFinalRefusal, isUnreachable } from '../bridge/errors.ts'
import { settleWithBridge, type SettleDeps } from './settle.ts'

const batch = 20

/**
 * Does what callbacks left behind: verifies the claims made while Bridge was unreachable, or by a correction, and ends
 * requests whose day is over. True when there may be more to do at once.
 */
export async function tickConnect(deps: SettleDeps): Promise<boolean> {
  const { store, clock, log, isClockInDoubt } = deps
  const expired = isClockInDoubt() ? 0 : await store.expireRequests(clock.now(), 500)

  for (const owned of await store.listClaims(batch)) {
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
      if (isUnreachable(error)) return false // one call is enough to know that Bridge is still away
    }
  }
  return expired === 500
}
