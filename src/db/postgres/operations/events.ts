import { and, asc, desc, eq, gt, isNull, lt, lte, sql } from 'drizzle-orm'
import type { EventChange, EventStore } from '../../ports/events.ts'
import { concernsUser, itemAfterEvent, lateFrom } from '../../rules/item-change.ts'
import { accounts, audit, bridgeUsers, events, items, sites } from '../schema/index.ts'
import type { Db, Last, Tools } from '../tools.ts'
import { lockItem, storeItem } from './item-rows.ts'
import { lockUser } from './locks.ts'
import { isStored, storing } from './store-event.ts'
import { claimWork, isFreeFor, lockWork } from './work-claims.ts'

const markHandled = (db: Db, { seq, at }: { seq: number; at: number }) =>
  db.update(events).set({ handledAt: at }).where(eq(events.seq, seq))

export function eventOperations({ run, transaction, together }: Tools): EventStore {
  return {
    acceptEvent: async (event) =>
      isStored(await together((db) => storing(db, event))) ? 'new' : 'repeat',

    async claimUnhandledEvents(claiming) {
      const { at, limit } = claiming
      const isWaiting = and(isNull(events.handledAt), lte(events.handleAfter, at))
      const some = await run((db) =>
        db.select({ seq: events.seq }).from(events).where(isWaiting).limit(1),
      )
      if (some.length === 0) return []
      return transaction(async (db) => {
        await lockWork(db, at)
        const isFree = isFreeFor(db, 'user-events', sql`coalesce(${events.userId}, '')`, claiming)
        const found = await db
          .select()
          .from(events)
          .where(and(isWaiting, isFree))
          .orderBy(asc(events.seq))
          .limit(limit)
        const users = found.map(({ userId }) => userId ?? '')
        await claimWork(db, 'user-events', users, claiming)
        return found
      })
    },

    applyEvent: (change, done) =>
      transaction(async (db, last) => {
        const changed = await apply(db, last, change)
        if (done) last(markHandled(db, done))
        return changed
      }),

    markHandled: (seq, at) =>
      run(async (db) => {
        await markHandled(db, { seq, at })
      }),

    postponeEvent: (seq, until, { failed } = { failed: false }) =>
      run(async (db) => {
        await db
          .update(events)
          .set({ handleAfter: until, ...(failed && { failures: sql`${events.failures} + 1` }) })
          .where(eq(events.seq, seq))
      }),

    lastWebhookAt: (until) =>
      run(async (db) => {
        // Bridge's events alone begin with their name.
        const [last] = await db
          .select({ at: events.receivedAt })
          .from(events)
          .where(
            and(
              gt(events.dedupeKey, 'bridge:'),
              lt(events.dedupeKey, 'bridge;'),
              lte(events.receivedAt, until),
            ),
          )
          .orderBy(desc(events.receivedAt))
          .limit(1)
        return last?.at ?? null
      }),
  }
}

async function apply(db: Db, last: Last, change: EventChange): Promise<boolean> {
  const { userId, at } = change
  if (change.kind === 'item' || change.kind === 'account') return applyToItem(db, last, change)
  if (!concernsUser(await lockUser(db, userId), change)) return false
  const living = and(eq(items.userId, userId), isNull(items.goneAt))
  if (change.kind === 'item-gone') {
    const isIt = and(living, eq(items.id, change.itemId))
    return (await db.update(items).set({ goneAt: at }).where(isIt)).rowCount === 1
  }
  last(
    db.update(bridgeUsers).set({ userUuid: null }).where(eq(bridgeUsers.id, userId)),
    db.update(items).set({ goneAt: at }).where(living),
  )
  return true
}

async function applyToItem(
  db: Db,
  last: Last,
  change: EventChange & { kind: 'item' | 'account' },
): Promise<boolean> {
  const { userId, itemId, at } = change
  const [user, known] = await Promise.all([lockUser(db, userId), lockItem(db, itemId)])
  if (!concernsUser(user, change)) return false
  const isDeleted = known === undefined && (await wasDeleted(db, change))
  const after = itemAfterEvent(known, change, { wasDeleted: isDeleted })
  if (after) await storeItem(db, after)
  if (after !== undefined && change.kind === 'account') {
    const account = { id: change.accountId, itemId, createdAt: at }
    last(
      db
        .insert(accounts)
        .values(account)
        .onConflictDoUpdate({
          target: accounts.id,
          set: { itemId },
          setWhere: sql`${accounts.itemId} <> excluded.item_id`,
        }),
    )
  }
  return after !== undefined
}

/** Whether the item was deleted here: no row stands for it any more, only the audit tells. */
async function wasDeleted(
  db: Db,
  { userId, itemId, at }: { userId: string; itemId: number; at: number },
): Promise<boolean> {
  const told = await db
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
    .limit(1)
  return told.length > 0
}
