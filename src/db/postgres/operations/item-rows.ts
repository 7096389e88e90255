import { eq, inArray } from 'drizzle-orm'
import type { Item } from '../../ports/items.ts'
import { LostRaceError } from '../errors.ts'
import { items } from '../schema/index.ts'
import type { Db } from '../tools.ts'

/** Items by their ids, nobody else's until the transaction ends. */
export async function lockItems(db: Db, ids: readonly number[]): Promise<Map<number, Item>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select()
    .from(items)
    .where(inArray(items.id, [...ids]))
    .orderBy(items.id)
    .for('no key update')
  return new Map(rows.map((item) => [item.id, item]))
}

export const lockItem = async (db: Db, id: number): Promise<Item | undefined> =>
  (await lockItems(db, [id])).get(id)

/**
 * Writes an item as a rule says that it stands, inside the transaction at hand. What a rule does not change is written where
 * it is decided.
 */
export async function storeItem(db: Db, item: Item): Promise<void> {
  const { id, userId, createdAt } = item
  const change = {
    providerId: item.providerId,
    providerName: item.providerName,
    bank: item.bank,
    accountTypes: item.accountTypes,
    status: item.status,
    statusCodeInfo: item.statusCodeInfo,
    authenticationExpiresAt: item.authenticationExpiresAt,
    lastSuccessAt: item.lastSuccessAt,
    lastTryAt: item.lastTryAt,
    updatedAt: item.updatedAt,
    unreachableAt: item.unreachableAt,
    goneAt: item.goneAt,
    compareFrom: item.compareFrom,
  }
  const stored = await db
    .insert(items)
    .values({ id, userId, createdAt, ...change })
    .onConflictDoUpdate({ target: items.id, set: change, setWhere: eq(items.userId, userId) })
  if (stored.rowCount === 0) throw new LostRaceError('Another user has this item by now')
}
