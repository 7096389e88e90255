import { and, eq, gt, inArray, sql, type Column, type SQLChunk } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import type { Item } from '../../ports/items.ts'
import { lateFrom } from '../../rules/item-change.ts'
import { LostRaceError } from '../errors.ts'
import { accounts, audit, bridgeUsers, items, sites } from '../schema/index.ts'
import { tableOf, type Db } from '../tools.ts'

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

/** Which items were deleted here: no row stands for them any more, only the audit tells. */
export async function deletedAmong(
  db: Db,
  ids: readonly number[],
  { userId, at }: { userId: string; at: number },
): Promise<Set<number>> {
  if (ids.length === 0) return new Set()
  const told = await db
    .select({ subject: audit.subject })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(audit, eq(audit.tenantId, sites.tenantId))
    .where(
      and(
        eq(bridgeUsers.id, userId),
        gt(audit.at, lateFrom(at)),
        eq(audit.action, 'item.deleted'),
        inArray(audit.subject, ids.map(String)),
      ),
    )
  return new Set(told.map(({ subject }) => Number(subject)))
}

/** What rules decide of an item. What they do not is written where it is decided. */
const columns = {
  id: 'bigint',
  userId: 'text',
  createdAt: 'bigint',
  providerId: 'bigint',
  providerName: 'text',
  bank: 'text',
  accountTypes: 'text',
  status: 'bigint',
  statusCodeInfo: 'text',
  authenticationExpiresAt: 'bigint',
  lastSuccessAt: 'bigint',
  lastTryAt: 'bigint',
  refreshGaps: 'text',
  expectedAt: 'bigint',
  staleDueAt: 'bigint',
  updatedAt: 'bigint',
  unreachableAt: 'bigint',
  goneAt: 'bigint',
  compareFrom: 'bigint',
} as const

const listed = (write: (name: string) => SQLChunk) =>
  sql.join(Object.keys(columns).map(write), sql`, `)
const stored = listed((name) => sql.identifier(toSnakeCase(name)))
const given = listed((name) => sql.identifier(name))
const anew = listed((name) => sql`excluded.${sql.identifier(toSnakeCase(name))}`)

/** Writes items as a rule says that they stand, each once, inside the transaction at hand. */
export async function storeItems(db: Db, all: readonly Item[]): Promise<void> {
  if (all.length === 0) return
  const { rowCount } = await db.execute(sql`
INSERT INTO items (${stored}) SELECT ${given} FROM ${tableOf('item', all, columns)}
ON CONFLICT (id) DO UPDATE SET (${stored}) = ROW (${anew}) WHERE items.user_id = excluded.user_id`)
  if (rowCount !== all.length) throw new LostRaceError('Another user has such an item by now')
}

export const storeItem = (db: Db, item: Item): Promise<void> => storeItems(db, [item])

/** What is known of an account, as long as it stays with its item. */
const stayed = (column: Column) =>
  sql`CASE WHEN ${accounts.itemId} = excluded.item_id THEN ${column} END`

export interface StoredAccount {
  id: number
  itemId: number
  ibanFingerprint?: Buffer | null
  ownerPrint?: Buffer | null
  createdAt: number
}

/** The statement that writes accounts under their items. Of those that are there already nothing is lost, unless they moved. */
export const storingAccounts = (db: Db, all: StoredAccount[]) =>
  db
    .insert(accounts)
    .values(all)
    .onConflictDoUpdate({
      target: accounts.id,
      set: {
        itemId: sql`excluded.item_id`,
        ibanFingerprint: sql`coalesce(excluded.iban_fingerprint, ${stayed(accounts.ibanFingerprint)})`,
        ownerPrint: sql`coalesce(excluded.owner_print, ${stayed(accounts.ownerPrint)})`,
        replacedAccountId: stayed(accounts.replacedAccountId),
        replacedItemId: stayed(accounts.replacedItemId),
        dataUntil: stayed(accounts.dataUntil),
      },
      setWhere: sql`${accounts.itemId} <> excluded.item_id OR excluded.iban_fingerprint IS NOT NULL OR excluded.owner_print IS NOT NULL`,
    })
