import { and, asc, eq, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm'
import type { AccountStore } from '../../ports/accounts.ts'
import { comparedAccounts, isAccountNews, keptFingerprint } from '../../rules/account-change.ts'
import { accounts, items } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { lockItems } from './item-rows.ts'
import { owned, ownedWithTenant } from './items.ts'
import { inScope, isServed } from './sites.ts'
import { insertEvent } from './store-event.ts'

const served = and(isNull(items.goneAt), isServed)

export function accountOperations({ run, transaction }: Tools): AccountStore {
  return {
    findAccount: (scope, accountId) =>
      run(async (db) => {
        const [found] = await owned(db)
          .innerJoin(accounts, eq(accounts.itemId, items.id))
          .where(and(inScope(scope), eq(accounts.id, accountId), isNull(items.goneAt)))
        return found && { item: found.item, user: found.user, site: found.site }
      }),

    listNewAccounts: (all) => run(async (db) => [...(await newAmong(db, all))]),

    keepAccounts: (all, at) =>
      transaction(async (db) => {
        const itemIds = [...new Set(all.map(({ itemId }) => itemId))]
        // Accounts are decided under their items' locks.
        const held = await lockItems(db, itemIds)
        const described = all.map((one) => ({ ...one, hasIban: Boolean(one.ibanFingerprint) }))
        const isNew = await newAmong(db, described)
        for (const { id, itemId, ibanFingerprint = null } of all) {
          if (!isNew.has(id) || !held.has(itemId)) continue
          const [known] = await db.select().from(accounts).where(eq(accounts.id, id))
          const kept = keptFingerprint(known, { itemId, ibanFingerprint })
          await storeAccount(db, { id, itemId, ibanFingerprint: kept, at })
        }
      }),

    listComparisons: (limit) =>
      run((db) =>
        ownedWithTenant(db)
          .where(and(isNotNull(items.compareFrom), served))
          .orderBy(asc(items.compareFrom))
          .limit(limit),
      ),

    listAccounts: (itemId) =>
      run((db) =>
        db
          .select({
            id: accounts.id,
            ibanFingerprint: accounts.ibanFingerprint,
            createdAt: accounts.createdAt,
          })
          .from(accounts)
          .where(eq(accounts.itemId, itemId))
          .orderBy(asc(accounts.id)),
      ),

    settleComparison: ({ id, compareFrom }, present, finding, at) =>
      transaction(async (db) => {
        const same = and(eq(items.id, id), eq(items.compareFrom, compareFrom ?? -1))
        const ended = await db.update(items).set({ compareFrom: null }).where(same)
        if (ended.rowCount !== 1) return false
        const ids = present.map((account) => account.id)
        const known = await db
          .select()
          .from(accounts)
          .where(or(eq(accounts.itemId, id), inArray(accounts.id, ids)))
          .orderBy(accounts.id)
          .for('no key update')
        const { kept, left } = comparedAccounts(known, present)
        await db.update(accounts).set({ ibanFingerprint: null }).where(inArray(accounts.id, left))
        for (const account of kept) await storeAccount(db, { ...account, itemId: id, at })
        if (finding) {
          await insertEvent(db, finding.event)
          await writeAudit(db, finding.audit)
        }
        return true
      }),
  }
}

/** Those of which something is news. */
async function newAmong(
  db: Db,
  all: readonly { id: number; itemId: number; hasIban: boolean }[],
): Promise<Set<number>> {
  const fresh = new Set<number>()
  for (const [itemId, described] of Map.groupBy(all, (account) => account.itemId)) {
    const ofItem = await db
      .select({
        id: accounts.id,
        hasIban: sql`${accounts.ibanFingerprint} IS NOT NULL`.mapWith(Boolean),
        compareFrom: items.compareFrom,
      })
      .from(accounts)
      .innerJoin(items, eq(items.id, accounts.itemId))
      .where(eq(accounts.itemId, itemId))
    const known = new Map(ofItem.map((account) => [account.id, account]))
    for (const one of described) if (isAccountNews(known.get(one.id), one)) fresh.add(one.id)
  }
  return fresh
}

/** Writes an account under an item, inside the transaction at hand. */
async function storeAccount(
  db: Db,
  { at, ...row }: { id: number; itemId: number; ibanFingerprint: Buffer | null; at: number },
): Promise<void> {
  const { itemId, ibanFingerprint } = row
  await db
    .insert(accounts)
    .values({ ...row, createdAt: at })
    .onConflictDoUpdate({ target: accounts.id, set: { itemId, ibanFingerprint } })
}
