import { eq } from 'drizzle-orm'
import type { DeliveryStore } from '../../ports/deliveries.ts'
import { inBatches } from '../batches.ts'
import { deliveries, events } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { claimOne, claimShares } from './claim-deliveries.ts'
import { deliveryReportOperations, triesOf } from './delivery-reports.ts'
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

    findDelivery: (eventId) =>
      run(async (db) => {
        const [found] = await db
          .select({ delivery: deliveries })
          .from(deliveries)
          .innerJoin(events, eq(events.seq, deliveries.eventSeq))
          .where(eq(events.id, eventId))
        if (!found) return undefined
        const { id } = found.delivery
        return { ...found.delivery, tries: (await triesOf(db, [id])).get(id) ?? [] }
      }),

    ...deliveryReportOperations(tools),

    // Leases and due times outlast a member's clock.
    clockJumped: () => Promise.resolve(),

    async recoverDead(at) {
      if (!(await run(isRecoveryDue))) return undefined
      return transaction(async (db) => {
        const next = await lockNextToRecover(db)
        return next && { siteId: next.siteId, recovered: await recover(db, next, at) }
      })
    },
  }
}
