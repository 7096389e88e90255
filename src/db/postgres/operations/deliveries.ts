import type { DeliveryStore } from '../../ports/deliveries.ts'
import { inBatches } from '../batches.ts'
import type { Tools } from '../tools.ts'
import { claimOne, claimShares } from './claim-deliveries.ts'
import { deliveryReportOperations } from './delivery-reports.ts'
import { isRecoveryDue, lockNextToRecover, recover } from './recovery.ts'
import { settleAll } from './settle-deliveries.ts'

export function deliveryOperations(tools: Tools): DeliveryStore {
  const { run, transaction } = tools
  return {
    claimDeliveries: ({ limit, spreadAfter = limit, ...claim }) =>
      claimShares(tools, { ...claim, limit, spreadAfter }),

    claimDelivery: (eventId, claim) => claimOne(tools, eventId, claim),

    settleDelivery: inBatches((all, patience) =>
      transaction((db, last) => settleAll(db, last, all), patience),
    ),

    ...deliveryReportOperations(tools),

    async recoverDead(at) {
      if (!(await run(isRecoveryDue))) return undefined
      return transaction(async (db) => {
        const next = await lockNextToRecover(db)
        return next && { siteId: next.siteId, recovered: await recover(db, next, at) }
      })
    },
  }
}
