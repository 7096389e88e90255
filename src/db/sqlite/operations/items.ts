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
import { prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { insertEvent } from './events.ts'
import { itemRow, storeItem, wasDeleted } from './item-rows.ts'
import { isStill } from './removals.ts'
import { inScopeGiven, isServed, isMailWanted } from './sites.ts'

const owned = (db: Tools['db']) =>
  db
    .select({ item: items, user: bridgeUsers, site: sites })
    .from(items)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

/** The same with the names of their tenants. */
export const connections = (db: Tools['db']) =>
  db
    .select({ item: items, user: bridgeUsers, site: sites, tenant: tenants.name })
    .from(items)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))

const ofAccount = (id: unknown) =>
  eq(items.id, sql`(SELECT item_id FROM accounts WHERE id = ${id})`)

const inScopeWhere = (isIt: SQL) =>
  prepared((db) =>
    owned(db)
      .where(and(inScopeGiven, isIt, isNull(items.goneAt)))
      .prepare(),
  )

const itemInScope = inScopeWhere(eq(items.id, given('id')))

const itemOfAccount = inScopeWhere(ofAccount(given('id')))

const itemsOfUser = prepared((db) =>
  db
    .select()
    .from(items)
    .where(and(eq(items.userId, given('userId')), isNull(items.goneAt)))
    .prepare(),
)

const itemGone = prepared((db) =>
  db
    .update(items)
    .set({ goneAt: sql`${given('at')}` })
    .where(eq(items.id, given('id')))
    .prepare(),
)

/** What was neither heard of nor asked for since then. */
export const isUnheard = (since: number) =>
  and(lt(items.updatedAt, since), or(isNull(items.askedAt), lt(items.askedAt, since)))

export function itemOperations({ db, read, write }: Tools): ItemStore {
  return {
    findItem: (scope, which) =>
      read(() =>
        typeof which === 'number'
          ? itemInScope(db).get({ ...scope, id: which })
          : itemOfAccount(db).get({ ...scope, id: which.accountId }),
      ),

    listItems: (userId) => read(() => itemsOfUser(db).all({ userId })),

    updateItem: (userId, facts, at) =>
      write(() => {
        if (itemRow(db, facts.id)) writeItem(db, facts, { userId, at })
      }),

    keepItems: (userId, facts, { at, complete, announce }) =>
      write(() => {
        for (const fact of facts) writeItem(db, fact, { userId, at })
        if (!complete) return
        endItems(db, missingItems(itemsOfUser(db).all({ userId }), facts, at), at, announce)
      }),

    endUser: (userId, { userUuid, at, announce }) =>
      write(() => {
        endItems(db, endBridgeUser(db, userId, userUuid, { userUuid: null }), at, announce)
      }),

    claimGoneLook: (userId, { at, notSince, hadAccounts = false, itemId }) =>
      write(() => {
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
        return db.update(items).set({ askedAt: at }).where(silent).run().changes > 0
      }),

    noteItem: (itemId, { seen, change }, event) =>
      write(() => {
        const asSeen = matching(seen, items, Object.keys(seen) as (keyof typeof seen)[])
        const isIt = and(eq(items.id, itemId), ...asSeen)
        if (db.update(items).set(change).where(isIt).run().changes === 0) return false
        if (event) insertEvent(db, event)
        return true
      }),

    deleteItem: (itemId, { actor, at }, { withUser, announce } = {}) =>
      write(() => {
        const held = owned(db).where(eq(items.id, itemId)).get()
        if (!held) return { accounts: 0 }
        cancelItemDeliveries(db, held.site.id, itemId)
        loseAccounts(db, itemId, at)
        const gone = db.delete(accounts).where(eq(accounts.itemId, itemId)).run().changes
        db.delete(items).where(eq(items.id, itemId)).run()
        const goesToo = withUser !== undefined
        if (goesToo) {
          const none = { userUuid: null, email: null }
          endItems(db, endBridgeUser(db, held.user.id, withUser, none), at, announce)
        }
        const { tenantId, name } = held.site
        const entry = { at, actor, tenantId, action: 'item.deleted', subject: String(itemId) }
        writeAudit(db, { ...entry, detail: { site: name, accounts: gone, withUser: goesToo } })
        return { accounts: gone }
      }),

    listConnections: (filter, { first, by, after, ...page } = {}) =>
      read(() => {
        const end = items.authenticationExpiresAt
        const isBehind = when(after, (id) => (by === 'id' ? gt(items.id, id) : endsAfter(id)))
        const all = connections(db)
          .where(and(...connectionConditions(filter), isBehind))
          .orderBy(
            ...(first ? [notInArray(items.status, [...first])] : []),
            ...(by ? [asc(items[by])] : [sql`${end} IS NULL`, asc(end)]),
            asc(items.id),
          )
        const { limit, offset = 0 } = page
        return limit === undefined ? all.all() : all.limit(limit).offset(offset).all()
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
    filter.withGone ? undefined : lives(filter),
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

/** The plus keeps from an index of all living items: the one of the untold holds next to nothing. */
const lives = ({ untold }: ConnectionFilter) =>
  untold ? sql`+${items.goneAt} IS NULL` : isNull(items.goneAt)

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

/** Stores what Bridge said of an item, and of the item alone when it is not here yet. */
function writeItem(db: Tools['db'], facts: ItemFacts, of: { userId: string; at: number }): void {
  const known = itemRow(db, facts.id)
  const isDeleted = !known && wasDeleted(db, { ...of, itemId: facts.id })
  const item = itemAsDescribed(known, facts, { ...of, wasDeleted: isDeleted })
  if (item) storeItem(db, known, item)
}

/** Takes from a user what went with it at Bridge, and says which items it had. None for one that was made anew there since. */
function endBridgeUser(
  db: Tools['db'],
  userId: string,
  userUuid: string | null,
  none: { userUuid: null; email?: null },
): number[] {
  const isIt = and(eq(bridgeUsers.id, userId), isStill(userUuid))
  if (db.update(bridgeUsers).set(none).where(isIt).run().changes === 0) return []
  return itemsOfUser(db)
    .all({ userId })
    .map(({ id }) => id)
}

/** Marks items as gone, and tells their site of each. */
function endItems(
  db: Tools['db'],
  ids: readonly number[],
  at: number,
  announce?: (itemId: number) => NewEvent,
): void {
  for (const id of ids) {
    itemGone(db).run({ id, at })
    if (announce) insertEvent(db, announce(id))
  }
}

/** Empties the queue of what concerns an item, and the bodies of its events. */
function cancelItemDeliveries(db: Tools['db'], siteId: string, itemId: number): void {
  const isIts = and(eq(events.itemId, itemId), eq(events.siteId, siteId))
  // By its events: of its site any number may wait.
  const itsEvents = db.select({ seq: events.seq }).from(events).where(isIts)
  db.delete(deliveries)
    .where(
      and(
        inArray(deliveries.eventSeq, itsEvents),
        eq(deliveries.siteId, siteId),
        eq(deliveries.state, 'pending'),
      ),
    )
    .run()
  db.update(events)
    .set({ body: null })
    .where(and(isIts, isNotNull(events.body)))
    .run()
}

/** Remembers of an item's accounts what it takes to know them when they come back. */
function loseAccounts(db: Tools['db'], itemId: number, at: number): void {
  const lost = db
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
    .all()
  for (const { ownerPrint, ...one } of lost) {
    if (ownerPrint === null) continue
    db.insert(lostAccounts)
      .values({ ...one, ownerPrint, lostAt: at })
      .onConflictDoNothing()
      .run()
  }
}
