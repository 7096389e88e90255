import { and, asc, eq, inArray, isNull, ne, notInArray, sql } from 'drizzle-orm'
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
import { changed, prepared, type Db, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { lockUser } from './locks.ts'
import { lockItems, storingAccounts, type StoredAccount } from './item-rows.ts'
import { insertEvent } from './store-event.ts'

export function accountOperations({ run, transaction }: Tools): AccountStore {
  return {
    lookAtAccounts: (all) =>
      run(async (db) => {
        const { news, replacements } = await lookAt(db, all)
        return { news: [...news], replacements }
      }),

    keepAccounts: (all, at, returning) =>
      transaction(async (db) => {
        // Which account another one replaces is decided among all of their user.
        if (returning) await lockUser(db, returning.userId)
        const itemIds = [...new Set(all.map(({ itemId }) => itemId))]
        // Accounts are decided under their items' locks.
        const held = await lockItems(db, itemIds)
        const described = all.map((one) => ({ ...one, hasIban: Boolean(one.ibanFingerprint) }))
        const [{ news }, rows] = await Promise.all([
          lookAt(db, described),
          accountsWith(db).execute({ ids: all.map(({ id }) => id) }),
        ])
        const known = new Map(rows.map((account) => [account.id, account]))
        // By id: a list that moves while its pages are read has an account twice.
        const fresh = new Map<number, Required<StoredAccount>>()
        for (const { id, itemId, ibanFingerprint = null, ownerPrint = null } of all) {
          const item = held.get(itemId)
          if (!news.has(id) || !item) continue
          const isCompared = item.compareFrom !== null
          const earlier = fresh.get(id)
          const before = earlier ?? known.get(id)
          const kept = keptFingerprint(before, { itemId, ibanFingerprint }, { isCompared })
          const print = item.userId === returning?.userId ? ownerPrint : null
          const same = earlier?.itemId === itemId ? earlier : undefined
          const prints = { ibanFingerprint: kept, ownerPrint: print ?? same?.ownerPrint ?? null }
          fresh.set(id, { id, itemId, ...prints, createdAt: at })
        }
        if (fresh.size === 0) return []
        await storingAccounts(db, [...fresh.values()])
        if (!returning) return []
        const { userId } = returning
        const printed = [...fresh.values()].flatMap(({ id, itemId, ownerPrint }): Printed[] =>
          ownerPrint ? [{ id, itemId, userId, ownerPrint }] : [],
        )
        // What is back is lost no more, and does not take its own place.
        const back = printed.map(({ id }) => id)
        const found = db
          .delete(lostAccounts)
          .where(and(inArray(lostAccounts.id, back), eq(lostAccounts.userId, userId)))
          .execute()
        // At once: where one replaces another, no third has their IBAN.
        const [, ...alike] = await Promise.all([found, ...printed.map((one) => others(db, one))])
        const replacements: Replacement[] = []
        for (const [nth, one] of printed.entries()) {
          const before = replacedAmong(alike[nth]!)
          if (before) replacements.push(...(await replace(db, one, before)))
        }
        for (const one of replacements) await insertEvent(db, returning.announce(one))
        return replacements
      }),

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
        const ended = db.update(items).set({ compareFrom: null }).where(same)
        if ((await changed(ended)) === 0) return false
        // By id: a list that moves while its pages are read has an account twice.
        const there = new Map(present.map((one) => [one.id, { ...one, itemId: id, createdAt: at }]))
        const hasLeft = and(eq(accounts.itemId, id), notInArray(accounts.id, [...there.keys()]))
        const forgotten = { ibanFingerprint: null, ownerPrint: null }
        await db.update(accounts).set(forgotten).where(hasLeft)
        if (there.size > 0) await storingAccounts(db, [...there.values()])
        if (finding) {
          await insertEvent(db, finding.event)
          await writeAudit(db, finding.audit)
        }
        return true
      }),
  }
}

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
    .where(eq(accounts.itemId, given('itemId'))),
)

/** Those of which something is news, and those that are known to replace another one. */
async function lookAt(
  db: Db,
  all: readonly { id: number; itemId: number; hasIban: boolean }[],
): Promise<{ news: Set<number>; replacements: Replacement[] }> {
  const news = new Set<number>()
  const replacements: Replacement[] = []
  for (const [itemId, described] of Map.groupBy(all, (account) => account.itemId)) {
    const ofItem = await knownOf(db).execute({ itemId })
    const known = new Map(ofItem.map((account) => [account.id, account]))
    for (const one of described) if (isAccountNews(known.get(one.id), one)) news.add(one.id)
    replacements.push(...ofItem.flatMap((one) => toReplacement({ ...one, itemId }) ?? []))
  }
  return { news, replacements }
}

const accountsWith = prepared((db) =>
  db
    .select()
    .from(accounts)
    .where(sql`${accounts.id} = ANY(${given('ids')}::bigint[])`),
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
    ),
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
    ),
)

/** All other accounts of the user with that IBAN. */
async function others(db: Db, { id, userId, ownerPrint }: Printed): Promise<Alike[]> {
  const [kept, lost] = await Promise.all([
    keptOthers(db).execute({ id, userId, ownerPrint }),
    lostOthers(db).execute({ userId, ownerPrint }),
  ])
  return [...kept, ...lost.map((one) => ({ ...one, accountId: one.id, isLiving: false }))]
}

/** Notes which account this one replaces, if it replaces none yet: that one is not found again. */
async function replace(db: Db, { id, itemId }: Printed, before: Alike): Promise<Replacement[]> {
  const replaced = {
    replacedAccountId: before.accountId,
    replacedItemId: before.itemId,
    dataUntil: before.dataUntil,
  }
  const isFirst = and(eq(accounts.id, id), isNull(accounts.replacedAccountId))
  if ((await changed(db.update(accounts).set(replaced).where(isFirst))) === 0) return []
  await db.update(accounts).set({ ownerPrint: null }).where(eq(accounts.id, before.accountId))
  await db.delete(lostAccounts).where(eq(lostAccounts.id, before.accountId))
  return [{ accountId: id, itemId, ...replaced }]
}
