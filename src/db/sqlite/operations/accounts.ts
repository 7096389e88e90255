import { and, asc, eq, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm'
import type { AccountStore } from '../../ports/accounts.ts'
import { comparedAccounts, isAccountNews, keptFingerprint } from '../../rules/account-change.ts'
import { accounts, items } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { insertEvent } from './events.ts'
import { itemRow } from './item-rows.ts'
import { owned, ownedWithTenant } from './items.ts'
import { inScopeGiven, isServed } from './sites.ts'

const accountOf = prepared((db) =>
  owned(db)
    .innerJoin(accounts, eq(accounts.itemId, items.id))
    .where(and(inScopeGiven, eq(accounts.id, given('id')), isNull(items.goneAt)))
    .prepare(),
)

/** An item's accounts, as far as it takes to tell what would be news of them. */
const knownOf = prepared((db) =>
  db
    .select({
      id: accounts.id,
      hasIban: sql`${accounts.ibanFingerprint} IS NOT NULL`.mapWith(Boolean),
      compareFrom: items.compareFrom,
    })
    .from(accounts)
    .innerJoin(items, eq(items.id, accounts.itemId))
    .where(eq(accounts.itemId, given('itemId')))
    .prepare(),
)

const accountWith = prepared((db) =>
  db
    .select()
    .from(accounts)
    .where(eq(accounts.id, given('id')))
    .prepare(),
)

export function accountOperations({ db, read, write }: Tools): AccountStore {
  const served = and(isNull(items.goneAt), isServed)

  return {
    findAccount: (scope, accountId) => read(() => accountOf(db).get({ ...scope, id: accountId })),

    listNewAccounts: (all) => read(() => [...newAmong(db, all)]),

    keepAccounts: (all, at) =>
      write(() => {
        const described = all.map((one) => ({ ...one, hasIban: Boolean(one.ibanFingerprint) }))
        const isNew = newAmong(db, described)
        for (const { id, itemId, ibanFingerprint = null } of all) {
          if (!isNew.has(id) || !itemRow(db, itemId)) continue
          const known = accountWith(db).get({ id })
          const kept = keptFingerprint(known, { itemId, ibanFingerprint })
          storeAccount(db, { id, itemId, ibanFingerprint: kept, at })
        }
      }),

    listComparisons: (limit) =>
      read(() =>
        ownedWithTenant(db)
          .where(and(isNotNull(items.compareFrom), served))
          .orderBy(asc(items.compareFrom))
          .limit(limit)
          .all(),
      ),

    listAccounts: (itemId) =>
      read(() =>
        db
          .select({
            id: accounts.id,
            ibanFingerprint: accounts.ibanFingerprint,
            createdAt: accounts.createdAt,
          })
          .from(accounts)
          .where(eq(accounts.itemId, itemId))
          .orderBy(asc(accounts.id))
          .all(),
      ),

    settleComparison: ({ id, compareFrom }, present, finding, at) =>
      write(() => {
        const same = and(eq(items.id, id), eq(items.compareFrom, compareFrom ?? -1))
        const ended = db.update(items).set({ compareFrom: null }).where(same).run().changes === 1
        if (!ended) return false
        const ids = present.map((account) => account.id)
        const known = db
          .select()
          .from(accounts)
          .where(or(eq(accounts.itemId, id), inArray(accounts.id, ids)))
          .all()
        const { kept, left } = comparedAccounts(known, present)
        db.update(accounts).set({ ibanFingerprint: null }).where(inArray(accounts.id, left)).run()
        for (const account of kept) storeAccount(db, { ...account, itemId: id, at })
        if (finding) {
          insertEvent(db, finding.event)
          writeAudit(db, finding.audit)
        }
        return true
      }),
  }
}

/** Those of which something is news. */
function newAmong(
  db: Tools['db'],
  all: readonly { id: number; itemId: number; hasIban: boolean }[],
): Set<number> {
  const fresh = new Set<number>()
  for (const [itemId, described] of Map.groupBy(all, (account) => account.itemId)) {
    const ofItem = knownOf(db).all({ itemId })
    const known = new Map(ofItem.map((account) => [account.id, account]))
    for (const one of described) if (isAccountNews(known.get(one.id), one)) fresh.add(one.id)
  }
  return fresh
}

/** Writes an account under an item, inside the transaction at hand. */
function storeAccount(
  db: Tools['db'],
  account: { id: number; itemId: number; ibanFingerprint: Buffer | null; at: number },
): void {
  const { at: createdAt, ...row } = account
  const { itemId, ibanFingerprint } = row
  db.insert(accounts)
    .values({ ...row, createdAt })
    .onConflictDoUpdate({ target: accounts.id, set: { itemId, ibanFingerprint } })
    .run()
}
