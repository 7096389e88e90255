import {
  and,
  asc,
  eq,
  exists,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  notInArray,
  or,
  sql,
  type Column,
  type SQL,
} from 'drizzle-orm'
import { given, matching, when } from '../../conditions.ts'
import type { NewEvent } from '../../ports/events.ts'
import type { ConnectionFilter, ItemFacts, ItemStore } from '../../ports/items.ts'
import { mailPauseMs } from '../../ports/reminder-mails.ts'
import { sameEndMs } from '../../rules/consent-end.ts'
import { itemAsDescribed, missingItems } from '../../rules/item-change.ts'
import {
  accounts,
  bridgeUsers,
  deliveries,
  events,
  items,
  lostAccounts,
  sites,
  tenants,
} from '../schema/index.ts'
import { changed, first, prepared, type Db, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { deletedAmong, lockItem, lockItems, storeItem } from './item-rows.ts'
import { lockTenantOf, lockUser } from './locks.ts'
import { isStill } from './removals.ts'
import { inGivenScope, isServed, isMailWanted } from './sites.ts'
import { insertEvent } from './store-event.ts'

const owned = (db: Db) =>
  db
    .select({ item: items, user: bridgeUsers, site: sites })
    .from(items)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

/** The same with the names of their tenants. */
export const connections = (db: Db) =>
  db
    .select({ item: items, user: bridgeUsers, site: sites, tenant: tenants.name })
    .from(items)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))

const livingOf = (db: Db, userId: string) =>
  db
    .select()
    .from(items)
    .where(and(eq(items.userId, userId), isNull(items.goneAt)))
    .orderBy(items.id)

const lockLiving = (db: Db, userId: string) => livingOf(db, userId).for('no key update')

const ofAccount = (id: unknown) =>
  eq(items.id, sql`(SELECT item_id FROM accounts WHERE id = ${id})`)

const inScopeWhere = (isIt: SQL) =>
  prepared((db) => owned(db).where(and(inGivenScope, isIt, isNull(items.goneAt))))

const itemInScope = inScopeWhere(eq(items.id, given('id')))

const itemOfAccount = inScopeWhere(ofAccount(given('id')))

/** What was neither heard of nor asked for since then. */
export const isUnheard = (since: number) =>
  and(lt(items.updatedAt, since), or(isNull(items.askedAt), lt(items.askedAt, since)))

export function itemOperations({ run, transaction }: Tools): ItemStore {
  return {
    findItem: ({ tenantId, siteId }, which) =>
      run(async (db) => {
        const [item, id] =
          typeof which === 'number' ? [itemInScope, which] : [itemOfAccount, which.accountId]
        return first(item(db).execute({ tenantId, siteId, id }))
      }),

    listItems: (userId) => run((db) => livingOf(db, userId)),

    updateItem: (userId, facts, at) =>
      transaction((db) => writeItems(db, [facts], { userId, at, onlyKnown: true })),

    keepItems: (userId, facts, { at, complete, announce }) =>
      transaction(async (db) => {
        await lockUser(db, userId)
        await writeItems(db, facts, { userId, at, onlyKnown: false })
        if (!complete) return
        await endItems(db, missingItems(await lockLiving(db, userId), facts, at), at, announce)
      }),

    endUser: (userId, { userUuid, at, announce }) =>
      transaction(async (db) => {
        await endItems(
          db,
          await endBridgeUser(db, userId, userUuid, { userUuid: null }),
          at,
          announce,
        )
      }),

    claimGoneLook: (userId, { at, notSince, hadAccounts = false, itemId }) =>
      run(async (db) => {
        const itsAccounts = db
          .select({ id: accounts.id })
          .from(accounts)
          .where(eq(accounts.itemId, items.id))
        const silent = and(
          eq(items.userId, userId),
          when(itemId, (id) => eq(items.id, id)),
          isNull(items.goneAt),
          when(notSince, isUnheard),
          hadAccounts ? exists(itsAccounts) : undefined,
        )
        return (await changed(db.update(items).set({ askedAt: at }).where(silent))) > 0
      }),

    // Of those who decide at the same moment one finds the row as it was: the others wait for it, and look again.
    noteItem: (itemId, { seen, change }, event) =>
      transaction(async (db) => {
        const asSeen = matching(seen, items, Object.keys(seen) as (keyof typeof seen)[])
        const isIt = and(eq(items.id, itemId), ...asSeen)
        if ((await changed(db.update(items).set(change).where(isIt))) === 0) return false
        if (event) await insertEvent(db, event)
        return true
      }),

    deleteItem: (itemId, { actor, at }, { withUser, announce } = {}) =>
      transaction(async (db) => {
        const held = await first(owned(db).where(eq(items.id, itemId)))
        if (!held) return { accounts: 0 }
        await lockUser(db, held.user.id)
        if (!(await lockItem(db, itemId))) return { accounts: 0 }
        const goesToo = withUser !== undefined
        const none = { userUuid: null, email: null }
        const its = goesToo ? await endBridgeUser(db, held.user.id, withUser, none) : []
        // Nothing is put behind a delivery that goes.
        await lockTenantOf(db, held.site.id)
        await cancelItemDeliveries(db, held.site.id, itemId)
        await loseAccounts(db, itemId, at)
        const gone = await changed(db.delete(accounts).where(eq(accounts.itemId, itemId)))
        await db.delete(items).where(eq(items.id, itemId))
        const { tenantId, name } = held.site
        const entry = { at, actor, tenantId, action: 'item.deleted', subject: String(itemId) }
        await writeAudit(db, {
          ...entry,
          detail: { site: name, accounts: gone, withUser: goesToo },
        })
        const others = its.filter((id) => id !== itemId)
        await endItems(db, others, at, announce)
        return { accounts: gone }
      }),

    listConnections: (filter, { first, by = 'authenticationExpiresAt', after, ...page } = {}) =>
      run((db) => {
        const isBehind = when(after, (id) => (by === 'id' ? gt(items.id, id) : endsAfter(id)))
        const all = connections(db)
          .where(and(...connectionConditions(filter), isBehind))
          .orderBy(
            ...(first ? [notInArray(items.status, [...first])] : []),
            asc(items[by]),
            asc(items.id),
          )
        return page.limit === undefined ? all : all.limit(page.limit).offset(page.offset ?? 0)
      }),
  }
}

/** Behind that one in the order of their ends, those without one last. */
const endsAfter = (id: number): SQL => {
  const order = sql`${items.authenticationExpiresAt} IS NULL, coalesce(${items.authenticationExpiresAt}, 0), ${items.id}`
  return sql`(${order}) > (SELECT ${order} FROM ${items} WHERE ${items.id} = ${id})`
}

function connectionConditions(filter: ConnectionFilter): (SQL | undefined)[] {
  const { remindedOf, remindedDays, mailedOf, mailedDays, authenticationExpiresAt: end } = items
  return [
    ...matching(filter, items, ['id', 'userId', 'providerId']),
    ...matching(filter, sites, ['tenantId']),
    ...matching(filter, bridgeUsers, ['siteId']),
    when(filter.accountId, ofAccount),
    filter.withGone ? undefined : isNull(items.goneAt),
    filter.ofServed && isServed,
    when(filter.endsFrom, (at) => gte(end, at)),
    when(filter.endsUntil, (at) => lte(end, at)),
    when(filter.statusNot, (some) => notInArray(items.status, [...some])),
    when(
      filter.noSuccessSince,
      (at) => sql`coalesce(${items.lastSuccessAt}, ${items.createdAt}) < ${at}`,
    ),
    filter.untold && sql`(${items.toldStatus} IS NULL OR ${items.toldStatus} <> ${items.status})`,
    when(filter.staleBy, (at) => lte(items.staleDueAt, at)),
    filter.toCompare && isNotNull(items.compareFrom),
    when(filter.notReminded, (days) => notTold(remindedOf, remindedDays, days)),
    when(filter.notMailed, ({ days, at }) =>
      and(isMailWanted, notTold(mailedOf, mailedDays, days), isRested(at)),
    ),
  ]
}

/** Of this consent nobody was told so many days before its end, or later. */
const notTold = (of: Column, daysBefore: Column, days: number) =>
  or(
    isNull(of),
    sql`abs(${of} - ${items.authenticationExpiresAt}) > ${sameEndMs}`,
    gt(daysBefore, days),
  )

/** Also by a clock that was put back since. */
const isRested = (at: number) =>
  or(
    isNull(items.mailDeferredAt),
    lte(items.mailDeferredAt, at - mailPauseMs),
    gt(items.mailDeferredAt, at),
  )

/** Stores what Bridge said of items, and of the items alone when they are not here yet. */
async function writeItems(
  db: Db,
  facts: readonly ItemFacts[],
  { onlyKnown, ...of }: { userId: string; at: number; onlyKnown: boolean },
): Promise<void> {
  const known = await lockItems(
    db,
    facts.map(({ id }) => id),
  )
  const unknown = onlyKnown ? [] : facts.flatMap(({ id }) => (known.has(id) ? [] : id))
  const deleted = await deletedAmong(db, unknown, of)
  for (const fact of facts) {
    const before = known.get(fact.id)
    if (onlyKnown && !before) continue
    const item = itemAsDescribed(before, fact, { ...of, wasDeleted: deleted.has(fact.id) })
    if (!item) continue
    await storeItem(db, item)
    known.set(item.id, item)
  }
}

/** Takes from a user what went with it at Bridge, and says which items it had. None for one that was made anew there since. */
async function endBridgeUser(
  db: Db,
  userId: string,
  userUuid: string | null,
  none: { userUuid: null; email?: null },
): Promise<number[]> {
  const isIt = and(eq(bridgeUsers.id, userId), isStill(userUuid))
  if ((await changed(db.update(bridgeUsers).set(none).where(isIt))) === 0) return []
  return (await lockLiving(db, userId)).map(({ id }) => id)
}

/** Marks items as gone, and tells their site of each, as the last thing a transaction does. */
async function endItems(
  db: Db,
  ids: readonly number[],
  at: number,
  announce?: (itemId: number) => NewEvent,
): Promise<void> {
  await db
    .update(items)
    .set({ goneAt: at })
    .where(inArray(items.id, [...ids]))
  if (announce) for (const id of ids) await insertEvent(db, announce(id))
}

/** Empties the queue of what concerns an item, and the bodies of its events. */
async function cancelItemDeliveries(db: Db, siteId: string, itemId: number): Promise<void> {
  const isIts = and(eq(events.itemId, itemId), eq(events.siteId, siteId))
  // By its events: of its site any number may wait.
  const itsEvents = db.select({ seq: events.seq }).from(events).where(isIts)
  await db
    .delete(deliveries)
    .where(
      and(
        inArray(deliveries.eventSeq, itsEvents),
        eq(deliveries.siteId, siteId),
        eq(deliveries.state, 'pending'),
      ),
    )
  await db
    .update(events)
    .set({ body: null })
    .where(and(isIts, isNotNull(events.body)))
}

/** Remembers of an item's accounts what it takes to know them when they come back. */
async function loseAccounts(db: Db, itemId: number, at: number): Promise<void> {
  const lost = await db
    .select({
      id: accounts.id,
      userId: items.userId,
      itemId: accounts.itemId,
      ownerPrint: accounts.ownerPrint,
      dataUntil: items.lastSuccessAt,
    })
    .from(accounts)
    .innerJoin(items, eq(items.id, accounts.itemId))
    .where(eq(accounts.itemId, itemId))
  const printed = lost.flatMap(({ ownerPrint, ...one }) =>
    ownerPrint === null ? [] : [{ ...one, ownerPrint, lostAt: at }],
  )
  if (printed.length > 0) await db.insert(lostAccounts).values(printed).onConflictDoNothing()
}
