import { and, desc, eq, gt, lte } from 'drizzle-orm'
import type { AllowanceStore } from '../../ports/allowances.ts'
import { itemRefreshes, renewals } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

const tables = { refresh: itemRefreshes, renewal: renewals }

export function allowanceOperations({ db, write }: Tools): AllowanceStore {
  return {
    claimAllowance: (kind, itemId, { at, since, limit }) =>
      write(() => {
        const table = tables[kind]
        const ofItem = eq(table.itemId, itemId)
        const recent = db
          .select({ at: table.at })
          .from(table)
          .where(and(ofItem, gt(table.at, since)))
          .orderBy(desc(table.at))
          .limit(limit)
          .all()
        const oldest = recent[limit - 1]
        if (oldest) return { oldestAt: oldest.at }
        db.delete(table)
          .where(and(ofItem, lte(table.at, since)))
          .run()
        return { claim: db.insert(table).values({ itemId, at }).returning().get().id }
      }),

    releaseAllowance: (kind, claim) =>
      write(() => {
        const table = tables[kind]
        db.delete(table).where(eq(table.id, claim)).run()
      }),
  }
}
