import { and, eq, gt, sql, type Column } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { Item } from '../../ports/items.ts'
import { lateFrom } from '../../rules/item-change.ts'
import { accounts, audit, bridgeUsers, items, sites } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'

const itemWith = prepared((db) =>
  db
    .select()
    .from(items)
    .where(eq(items.id, given('id')))
    .prepare(),
)

/** What a rule may change of an item; the rest of its row is written where it is decided. */
const changing = [
  'providerId',
  'providerName',
  'bank',
  'accountTypes',
  'status',
  'statusCodeInfo',
  'authenticationExpiresAt',
  'lastSuccessAt',
  'lastTryAt',
  'refreshGaps',
  'expectedAt',
  'staleDueAt',
  'updatedAt',
  'unreachableAt',
  'goneAt',
  'compareFrom',
] as const satisfies readonly (keyof Item)[]

const itemInserted = prepared((db) =>
  db
    .insert(items)
    .values({
      id: given('id'),
      userId: given('userId'),
      createdAt: given('createdAt'),
      ...(mapNames(given) as Record<(typeof changing)[number], ReturnType<typeof given>>),
    })
    .prepare(),
)

const itemUpdated = prepared((db) =>
  db
    .update(items)
    .set(mapNames((name) => sql`${given(name)}`))
    .where(eq(items.id, given('id')))
    .prepare(),
)

const mapNames = <T>(of: (name: string) => T): Record<string, T> =>
  Object.fromEntries(changing.map((name) => [name, of(name)]))

export const itemRow = (db: Tools['db'], id: number) => itemWith(db).get({ id })

/** Whether an item was deleted here: no row stands for it any more, only the audit tells. */
export const wasDeleted = (
  db: Tools['db'],
  { userId, itemId, at }: { userId: string; itemId: number; at: number },
): boolean =>
  db
    .select({ id: audit.id })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(audit, eq(audit.tenantId, sites.tenantId))
    .where(
      and(
        eq(bridgeUsers.id, userId),
        gt(audit.at, lateFrom(at)),
        eq(audit.action, 'item.deleted'),
        eq(audit.subject, String(itemId)),
      ),
    )
    .get() !== undefined

/** Writes an item as a rule says that it now stands, over what was known of it, inside the transaction at hand. */
export const storeItem = (db: Tools['db'], known: Item | undefined, item: Item): void => {
  const statement = known ? itemUpdated(db) : itemInserted(db)
  statement.run({ ...item })
}

/** What is known of an account, as long as it stays with its item. */
const stayed = (column: Column) =>
  sql`CASE WHEN ${accounts.itemId} = excluded.item_id THEN ${column} END`

const accountStored = prepared((db) =>
  db
    .insert(accounts)
    .values({
      id: given('id'),
      itemId: given('itemId'),
      ibanFingerprint: given('ibanFingerprint'),
      ownerPrint: given('ownerPrint'),
      createdAt: given('at'),
    })
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
    .prepare(),
)

/** Writes an account under an item, inside the transaction at hand. Of one that is there already nothing is lost, unless it moved. */
export const storeAccount = (
  db: Tools['db'],
  account: {
    id: number
    itemId: number
    ibanFingerprint: Buffer | null
    ownerPrint?: Buffer | null
    at: number
  },
): void => void accountStored(db).run({ ownerPrint: null, ...account })
