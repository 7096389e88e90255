import { and, asc, eq, ne, notInArray, sql } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { AccountStore, Replacement } from '../../ports/accounts.ts'
import { isAccountNews, keptFingerprint } from '../../rules/account-change.ts'
import {
  replacedAmong,
  toReplacement,
  type Alike,
  type Printed,
} from '../../rules/account-return.ts'
import { accounts, items, lostAccounts } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { insertEvent } from './events.ts'
import { itemRow, storeAccount } from './item-rows.ts'

/** Whether an account replaces none yet, and exactly one other account of its user has its IBAN, in a connection that is gone. */
const mayReplace = sql`(${accounts.replacedAccountId} IS NULL AND (
  SELECT count(*) = 1 AND coalesce(sum(alike.living), 0) = 0 FROM (
    SELECT 0 AS living FROM lost_accounts WHERE lost_accounts.owner_print = ${accounts.ownerPrint}
    UNION ALL
    SELECT CASE WHEN its.gone_at IS NULL AND its.unreachable_at IS NULL THEN 1 ELSE 0 END
    FROM accounts AS other JOIN items AS its ON its.id = other.item_id
    WHERE other.owner_print = ${accounts.ownerPrint} AND other.id <> ${accounts.id}) AS alike))`

/** An item's accounts, as far as it takes to tell what would be news of them. */
const knownOf = prepared((db) =>
  db
    .select({
      id: accounts.id,
      hasIban: sql`${accounts.ibanFingerprint} IS NOT NULL`.mapWith(Boolean),
      hasPrint: sql`${accounts.ownerPrint} IS NOT NULL`.mapWith(Boolean),
      mayReplace: mayReplace.mapWith(Boolean),
      replacedItemId: accounts.replacedItemId,
      replacedAccountId: accounts.replacedAccountId,
      dataUntil: accounts.dataUntil,
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

const keptOthers = prepared((db) =>
  db
    .select({
      accountId: accounts.id,
      itemId: accounts.itemId,
      isLiving: sql`${items.goneAt} IS NULL AND ${items.unreachableAt} IS NULL`.mapWith(Boolean),
      dataUntil: items.lastSuccessAt,
    })
    .from(accounts)
    .innerJoin(items, eq(items.id, accounts.itemId))
    .where(
      and(
        eq(items.userId, given('userId')),
        eq(accounts.ownerPrint, given('ownerPrint')),
        ne(accounts.id, given('id')),
      ),
    )
    .prepare(),
)

const lostOthers = prepared((db) =>
  db
    .select()
    .from(lostAccounts)
    .where(
      and(
        eq(lostAccounts.userId, given('userId')),
        eq(lostAccounts.ownerPrint, given('ownerPrint')),
      ),
    )
    .prepare(),
)

export function accountOperations({ db, read, write }: Tools): AccountStore {
  return {
    lookAtAccounts: (all) =>
      read(() => {
        const { news, replacements } = lookAt(db, all)
        return { news: [...news], replacements }
      }),

    keepAccounts: (all, at, returning) =>
      write(() => {
        const described = all.map((one) => ({ ...one, hasIban: Boolean(one.ibanFingerprint) }))
        const { news } = lookAt(db, described)
        const printed: Printed[] = []
        for (const { id, itemId, ibanFingerprint = null, ownerPrint = null } of all) {
          const item = itemRow(db, itemId)
          if (!news.has(id) || !item) continue
          const known = accountWith(db).get({ id })
          const isCompared = item.compareFrom !== null
          const kept = keptFingerprint(known, { itemId, ibanFingerprint }, { isCompared })
          const print = item.userId === returning?.userId ? ownerPrint : null
          storeAccount(db, { id, itemId, ibanFingerprint: kept, ownerPrint: print, at })
          if (!print) continue
          const { userId } = item
          // What is back is lost no more, and does not take its own place.
          db.delete(lostAccounts)
            .where(and(eq(lostAccounts.id, id), eq(lostAccounts.userId, userId)))
            .run()
          printed.push({ id, itemId, userId, ownerPrint: print })
        }
        return printed.flatMap((one) => {
          const replacement = replace(db, one)
          if (!replacement || !returning) return []
          insertEvent(db, returning.announce(replacement))
          return replacement
        })
      }),

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
        const there = present.map((account) => account.id)
        const hasLeft = and(eq(accounts.itemId, id), notInArray(accounts.id, there))
        const forgotten = { ibanFingerprint: null, ownerPrint: null }
        db.update(accounts).set(forgotten).where(hasLeft).run()
        for (const account of present) storeAccount(db, { ...account, itemId: id, at })
        if (finding) {
          insertEvent(db, finding.event)
          writeAudit(db, finding.audit)
        }
        return true
      }),
  }
}

/** Those of which something is news, and those that are known to replace another one. */
function lookAt(
  db: Tools['db'],
  all: readonly { id: number; itemId: number; hasIban: boolean }[],
): { news: Set<number>; replacements: Replacement[] } {
  const news = new Set<number>()
  const replacements: Replacement[] = []
  for (const [itemId, described] of Map.groupBy(all, (account) => account.itemId)) {
    const ofItem = knownOf(db).all({ itemId })
    const known = new Map(ofItem.map((account) => [account.id, account]))
    for (const one of described) if (isAccountNews(known.get(one.id), one)) news.add(one.id)
    replacements.push(...ofItem.flatMap((one) => toReplacement({ ...one, itemId }) ?? []))
  }
  return { news, replacements }
}

/** All other accounts of the user with that IBAN. */
const others = (db: Tools['db'], { id, userId, ownerPrint }: Printed): Alike[] => {
  const lost = lostOthers(db).all({ userId, ownerPrint })
  return [
    ...keptOthers(db).all({ id, userId, ownerPrint }),
    ...lost.map((one) => ({ ...one, accountId: one.id, isLiving: false })),
  ]
}

/** Notes which account this one replaces, if any: that one is not found again. */
function replace(db: Tools['db'], account: Printed): Replacement | undefined {
  const { id, itemId } = account
  const before = replacedAmong(others(db, account))
  if (!before || accountWith(db).get({ id })?.replacedAccountId !== null) return undefined
  const replaced = {
    replacedAccountId: before.accountId,
    replacedItemId: before.itemId,
    dataUntil: before.dataUntil,
  }
  db.update(accounts).set(replaced).where(eq(accounts.id, id)).run()
  db.update(accounts).set({ ownerPrint: null }).where(eq(accounts.id, before.accountId)).run()
  db.delete(lostAccounts).where(eq(lostAccounts.id, before.accountId)).run()
  return { accountId: id, itemId, ...replaced }
}
