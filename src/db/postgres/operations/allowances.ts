import { and, desc, eq, gt, lte } from 'drizzle-orm'
import type { AllowanceStore } from '../../ports/allowances.ts'
import { itemRefreshes, renewals } from '../schema/index.ts'
import { done, type Tools } from '../tools.ts'
import { lockItem } from './item-rows.ts'

const tables = { refresh: itemRefreshes, renewal: renewals }

export function allowanceOperations({ run, transaction }: Tools): AllowanceStore {
  return {
    // What is left of an item's allowance is decided under the item's lock.
    claimAllowance: (kind, itemId, { at, since, limit }) =>
      transaction(async (db) => {
        const table = tables[kind]
        const ofItem = eq(table.itemId, itemId)
        await lockItem(db, itemId)
        const recent = await db
          .select({ at: table.at })
          .from(table)
          .where(and(ofItem, gt(table.at, since)))
          .orderBy(desc(table.at))
          .limit(limit)
        const oldest = recent[limit - 1]
        if (oldest) return { oldestAt: oldest.at }
        await db.delete(table).where(and(ofItem, lte(table.at, since)))
        const [made] = await db.insert(table).values({ itemId, at }).returning({ claim: table.id })
        return made!
      }),

    releaseAllowance: (kind, claim) =>
      run((db) => done(db.delete(tables[kind]).where(eq(tables[kind].id, claim)))),
  }
}
