import { and, eq, isNotNull, isNull, notInArray, sql, asc } from 'drizzle-orm'
import type { AccountStore } from '../../ports/accounts.ts'
import { accounts, items } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { insertEvent } from './events.ts'
import { owned, ownedWithTenant } from './items.ts'
import { inScopeGiven, isServed } from './sites.ts'

const accountOf = prepared((db) =>
  owned(db)
    .innerJoin(accounts, eq(accounts.itemId, items.id))
    .where(and(inScopeGiven, eq(accounts.id, given('id')), isNull(items.goneAt)))
    .prepare(),
)

/** An account, as far as it tells whether we know it. */
type Described = { id: number; itemId: number; hasIban: boolean }

/** An item's accounts, and of which an IBAN would be news. What is being compared is left alone. */
const knownOf = prepared((db) =>
  db
    .select({
      id: accounts.id,
      lacksIban: sql`${accounts.ibanFingerprint} IS NULL AND ${items.compareFrom} IS NULL`.mapWith(
        Boolean,
      ),
    })
    .from(accounts)
    .innerJoin(items, eq(items.id, accounts.itemId))
    .where(eq(accounts.itemId, sql.placeholder('itemId')))
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
        for (const one of all) if (isNew.has(one.id)) writeAccount(db, { ...one, at })
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

    knowsAccounts: (itemId) =>
      read(() => {
        const known = and(eq(accounts.itemId, itemId), isNotNull(accounts.ibanFingerprint))
        return db.select({ id: accounts.id }).from(accounts).where(known).get() !== undefined
      }),

    settleComparison: ({ id, compareFrom }, present, finding, at) =>
      write(() => {
        const same = and(eq(items.id, id), eq(items.compareFrom, compareFrom ?? -1))
        const ended = db.update(items).set({ compareFrom: null }).where(same).run().changes === 1
        if (!ended) return false
        const ids = present.map((account) => account.id)
        const left = and(eq(accounts.itemId, id), notInArray(accounts.id, ids))
        db.update(accounts).set({ ibanFingerprint: null }).where(left).run()
        for (const { id: accountId, ibanFingerprint } of present) {
          // An IBAN that Bridge withholds for now is still the one we knew.
          const known = sql`coalesce(${ibanFingerprint}, ${accounts.ibanFingerprint})`
          db.insert(accounts)
            .values({ id: accountId, itemId: id, ibanFingerprint, createdAt: at })
            .onConflictDoUpdate({
              target: accounts.id,
              set: { itemId: id, ibanFingerprint: known },
            })
            .run()
        }
        if (finding) {
          insertEvent(db, finding.event)
          writeAudit(db, finding.audit)
        }
        return true
      }),
  }
}

/** Those we know less of: another item's, or without their IBAN. */
function newAmong(db: Tools['db'], all: readonly Described[]): Set<number> {
  const fresh = new Set<number>()
  for (const [itemId, described] of Map.groupBy(all, (account) => account.itemId)) {
    const known = new Map(
      knownOf(db)
        .all({ itemId })
        .map(({ id, lacksIban }) => [id, lacksIban]),
    )
    for (const { id, hasIban } of described) {
      const lacksIban = known.get(id)
      if (lacksIban === undefined || (lacksIban && hasIban)) fresh.add(id)
    }
  }
  return fresh
}

/** Stores an account of an item we hold; of another item nothing is stored. */
export function writeAccount(
  db: Tools['db'],
  {
    id,
    itemId,
    ibanFingerprint = null,
    at,
  }: { id: number; itemId: number; ibanFingerprint?: Buffer | null; at: number },
): void {
  if (!db.select({ id: items.id }).from(items).where(eq(items.id, itemId)).get()) return
  const filled = sql`CASE ${accounts.itemId} WHEN ${itemId}
    THEN coalesce(${accounts.ibanFingerprint}, ${ibanFingerprint}) ELSE ${ibanFingerprint} END`
  db.insert(accounts)
    .values({ id, itemId, ibanFingerprint, createdAt: at })
    .onConflictDoUpdate({ target: accounts.id, set: { itemId, ibanFingerprint: filled } })
    .run()
}
