import { and, desc, eq, gt, lte } from 'drizzle-orm'
import type { AllowanceStore } from '../../ports/allowances.ts'
import { itemRefreshes, renewals } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

export function allowanceOperations({ db, write }: Tools): AllowanceStore {
  return {
    claimRefresh: (itemId, { at, since, most }) =>
      write(() => {
        const recent = db
          .select({ at: itemRefreshes.at })
          .from(itemRefreshes)
          .where(and(eq(itemRefreshes.itemId, itemId), gt(itemRefreshes.at, since)))
          .orderBy(desc(itemRefreshes.at))
          .limit(most)
          .all()
        const oldest = recent[most - 1]
        if (oldest) return { oldestAt: oldest.at }
        db.delete(itemRefreshes)
          .where(and(eq(itemRefreshes.itemId, itemId), lte(itemRefreshes.at, since)))
          .run()
        const row = db.insert(itemRefreshes).values({ itemId, at }).returning().get()
        return { claim: row.id }
      }),

    releaseRefresh: (claim) =>
      write(() => {
        db.delete(itemRefreshes).where(eq(itemRefreshes.id, claim)).run()
      }),

    claimRenewal: (itemId, { at, since, most }) =>
      write(() => {
        const recent = db
          .select({ at: renewals.at })
          .from(renewals)
          .where(and(eq(renewals.itemId, itemId), gt(renewals.at, since)))
          .orderBy(desc(renewals.at))
          .limit(most)
          .all()
        const oldest = recent[most - 1]
        if (oldest) return { oldestAt: oldest.at }
        db.delete(renewals)
          .where(and(eq(renewals.itemId, itemId), lte(renewals.at, since)))
          .run()
        return { claim: db.insert(renewals).values({ itemId, at }).returning().get().id }
      }),

    releaseRenewal: (claim) =>
      write(() => {
        db.delete(renewals).where(eq(renewals.id, claim)).run()
      }),
  }
}
