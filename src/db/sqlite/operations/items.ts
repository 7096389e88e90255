import {
  and,
  desc,
  eq,
  exists,
  gt,
  isNotNull,
  isNull,
  lt,
  lte,
  notInArray,
  or,
  sql,
} from 'drizzle-orm'
import type { ItemFacts, ItemStore } from '../../store.ts'
import {
  accounts,
  bridgeUsers,
  deliveries,
  events,
  itemRefreshes,
  items,
  sites,
} from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { insertEvent, leewayMs } from './events.ts'
import { inScopeGiven } from './tenants.ts'

/** Stores an item or what is new of it. False when another user holds it: then nothing changed. */
export function writeItem(
  db: Tools['db'],
  item: ItemFacts & { userId: string; bank?: string | null; at: number },
): boolean {
  const { at, userId, bank = null, ...facts } = item
  const written = db
    .insert(items)
    .values({ ...present(facts, at), userId, bank, createdAt: at })
    .onConflictDoUpdate({
      target: items.id,
      set: { ...freshOver(facts, at), bank: sql`coalesce(${bank}, ${items.bank})` },
      setWhere: eq(items.userId, userId),
    })
    .run()
  return written.changes === 1
}

const present = (facts: ItemFacts, at: number) => ({
  ...facts,
  updatedAt: at,
  unreachableAt: null,
  goneAt: null,
})

/** What is new of an item, over what we have. Bridge may leave a thing out of an answer that still holds. */
const freshOver = (facts: ItemFacts, at: number) => ({
  ...present(facts, at),
  providerName: sql`coalesce(${facts.providerName}, ${items.providerName})`,
  authenticationExpiresAt: sql`coalesce(${facts.authenticationExpiresAt}, ${items.authenticationExpiresAt})`,
  lastSuccessAt: sql`coalesce(${facts.lastSuccessAt ?? null}, ${items.lastSuccessAt})`,
  lastTryAt: sql`coalesce(${facts.lastTryAt ?? null}, ${items.lastTryAt})`,
})

const owned = (db: Tools['db']) =>
  db
    .select({ item: items, user: bridgeUsers, site: sites })
    .from(items)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

const id = sql.placeholder('id')

const itemOf = prepared((db) =>
  owned(db)
    .where(and(inScopeGiven, eq(items.id, id), isNull(items.goneAt)))
    .prepare(),
)

const accountOf = prepared((db) =>
  owned(db)
    .innerJoin(accounts, eq(accounts.itemId, items.id))
    .where(and(inScopeGiven, eq(accounts.id, id), isNull(items.goneAt)))
    .prepare(),
)

const itemsOfUser = prepared((db) =>
  db
    .select()
    .from(items)
    .where(and(eq(items.userId, sql.placeholder('userId')), isNull(items.goneAt)))
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

export function itemOperations({ db, read, write }: Tools): ItemStore {
  return {
    findItem: (scope, itemId) => read(() => itemOf(db).get({ ...scope, id: itemId })),

    listItems: (userId) => read(() => itemsOfUser(db).all({ userId })),

    updateItem: (userId, facts, at) =>
      write(() => {
        db.update(items)
          .set(freshOver(facts, at))
          .where(and(eq(items.id, facts.id), eq(items.userId, userId)))
          .run()
      }),

    keepItems: (userId, facts, { at, complete, announce }) =>
      write(() => {
        for (const fact of facts) writeItem(db, { ...fact, userId, at })
        if (!complete) return
        const present = facts.map(({ id }) => id)
        // What was heard of when the list was asked for, or later, may be younger than the list.
        const missing = and(notInArray(items.id, present), lt(items.updatedAt, at - leewayMs))
        const gone = db
          .update(items)
          .set({ goneAt: at })
          .where(and(eq(items.userId, userId), isNull(items.goneAt), missing))
          .returning({ id: items.id })
          .all()
        if (announce) for (const { id: itemId } of gone) insertEvent(db, announce(itemId))
      }),

    claimLook: (userId, { at, notSince, hadAccounts, itemId }) =>
      write(() => {
        const itsAccounts = db
          .select({ id: accounts.id })
          .from(accounts)
          .where(eq(accounts.itemId, items.id))
        const silent = and(
          eq(items.userId, userId),
          itemId === undefined ? undefined : eq(items.id, itemId),
          isNull(items.goneAt),
          lt(items.updatedAt, notSince),
          or(isNull(items.askedAt), lt(items.askedAt, notSince)),
          hadAccounts ? exists(itsAccounts) : undefined,
        )
        return db.update(items).set({ askedAt: at }).where(silent).run().changes > 0
      }),

    markUnreachable: (itemId, at) =>
      write(() => {
        db.update(items)
          .set({ unreachableAt: at })
          .where(and(eq(items.id, itemId), isNull(items.unreachableAt)))
          .run()
      }),

    deleteItem: (itemId, { actor, at }, { withUser } = { withUser: false }) =>
      write(() => {
        const held = owned(db).where(eq(items.id, itemId)).get()
        if (!held) return { accounts: 0 }
        cancelItemDeliveries(db, held.site.id, itemId)
        if (withUser) {
          const { id } = held.user
          const gone = { userUuid: null, email: null }
          db.update(bridgeUsers).set(gone).where(eq(bridgeUsers.id, id)).run()
        }
        const gone = db.delete(accounts).where(eq(accounts.itemId, itemId)).run().changes
        db.delete(items).where(eq(items.id, itemId)).run()
        const { tenantId, name } = held.site
        const entry = { at, actor, tenantId, action: 'item.deleted', subject: String(itemId) }
        writeAudit(db, { ...entry, detail: { site: name, accounts: gone, withUser } })
        return { accounts: gone }
      }),

    claimRefresh: (itemId, { at, since, most }) =>
      write(() => {
        const recent = db
          .select({ at: itemRefreshes.at })
          .from(itemRefreshes)
          .where(and(eq(itemRefreshes.itemId, itemId), gt(itemRefreshes.at, since)))
          .orderBy(desc(itemRefreshes.at))
          .limit(most)
          .all()
        const oldest = recent[most - 1]
        if (oldest) return { oldestAt: oldest.at }
        db.delete(itemRefreshes)
          .where(and(eq(itemRefreshes.itemId, itemId), lte(itemRefreshes.at, since)))
          .run()
        const row = db.insert(itemRefreshes).values({ itemId, at }).returning().get()
        return { claim: row.id }
      }),

    releaseRefresh: (claim) =>
      write(() => {
        db.delete(itemRefreshes).where(eq(itemRefreshes.id, claim)).run()
      }),

    findAccount: (scope, accountId) => read(() => accountOf(db).get({ ...scope, id: accountId })),

    listNewAccounts: (all) => read(() => [...newAmong(db, all)]),

    keepAccounts: (all, at) =>
      write(() => {
        const described = all.map((one) => ({ ...one, hasIban: Boolean(one.ibanFingerprint) }))
        const isNew = newAmong(db, described)
        for (const one of all) if (isNew.has(one.id)) writeAccount(db, { ...one, at })
      }),
  }
}

/** Empties the queue of what concerns an item, and the bodies of its events. */
function cancelItemDeliveries(db: Tools['db'], siteId: string, itemId: number): void {
  const waiting = and(
    eq(deliveries.siteId, siteId),
    eq(deliveries.itemId, itemId),
    sql`${deliveries.state} = 'pending'`,
  )
  // Two indexes know them: those that are due some day, and those that wait for their first try.
  db.delete(deliveries)
    .where(and(waiting, sql`${deliveries.dueAt} IS NOT NULL`))
    .run()
  db.delete(deliveries)
    .where(and(waiting, isNull(deliveries.firstEndedAt)))
    .run()
  db.update(events)
    .set({ body: null })
    .where(and(eq(events.itemId, itemId), eq(events.siteId, siteId), isNotNull(events.body)))
    .run()
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
