import { and, desc, eq, gt, lte } from 'drizzle-orm'
import type { AllowanceStore } from '../../ports/allowances.ts'
import { itemRefreshes, renewals } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { lockItem } from './item-rows.ts'

type Kind = typeof itemRefreshes | typeof renewals

/** What is left of an item's allowance is decided under the item's lock. */
async function claim(
  db: Db,
  table: Kind,
  itemId: number,
  { at, since, most }: { at: number; since: number; most: number },
): Promise<{ claim: number } | { oldestAt: number }> {
  await lockItem(db, itemId)
  const ofItem = eq(table.itemId, itemId)
  const recent = await db
    .select({ at: table.at })
    .from(table)
    .where(and(ofItem, gt(table.at, since)))
    .orderBy(desc(table.at))
    .limit(most)
  const oldest = recent[most - 1]
  if (oldest) return { oldestAt: oldest.at }
  await db.delete(table).where(and(ofItem, lte(table.at, since)))
  const [made] = await db.insert(table).values({ itemId, at }).returning({ claim: table.id })
  return made!
}

const release = async (db: Db, table: Kind, id: number): Promise<void> => {
  await db.delete(table).where(eq(table.id, id))
}

export function allowanceOperations({ run, transaction }: Tools): AllowanceStore {
  return {
    claimRefresh: (itemId, limit) => transaction((db) => claim(db, itemRefreshes, itemId, limit)),
    releaseRefresh: (id) => run((db) => release(db, itemRefreshes, id)),
    claimRenewal: (itemId, limit) => transaction((db) => claim(db, renewals, itemId, limit)),
    releaseRenewal: (id) => run((db) => release(db, renewals, id)),
  }
}
