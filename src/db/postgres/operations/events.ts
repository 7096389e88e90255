import { and, asc, desc, eq, gt, isNull, lt, lte, sql } from 'drizzle-orm'
import type { EventChange, EventStore, NewEvent } from '../../ports/events.ts'
import { concernsUser, itemAfterEvent, lateFrom } from '../../rules/item-change.ts'
import { accounts, audit, bridgeUsers, events, items, sites } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { insertDelivery } from './insert-delivery.ts'
import { lockItem, storeItem } from './item-rows.ts'
import { lockTenantOf, lockUser } from './locks.ts'
import { claimWork, isFreeFor, lockWork } from './work-claims.ts'

const markHandled = (db: Db, { seq, at }: { seq: number; at: number }) =>
  db.update(events).set({ handledAt: at }).where(eq(events.seq, seq))

export function eventOperations({ run, transaction }: Tools): EventStore {
  return {
    acceptEvent: (event) =>
      transaction(async (db) => ((await insertEvent(db, event)) ? 'new' : 'repeat')),

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
      transaction(async (db) => {
        const changed = await apply(db, change)
        if (done) await markHandled(db, done)
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

/**
 * Stores an event and the delivery to its site, inside the transaction at hand, as the last thing it does. Events of a
 * tenant are numbered under its lock: whoever comes later has the greater number, and sees what came before. False when it
 * was there already.
 */
export async function insertEvent(db: Db, { deliveryId, ...event }: NewEvent): Promise<boolean> {
  const site = event.siteId === null ? undefined : await lockTenantOf(db, event.siteId)
  const [stored] = await db
    .insert(events)
    .values(event)
    .onConflictDoNothing({ target: events.dedupeKey })
    .returning({ seq: events.seq })
  if (!stored) return false
  const { itemId, receivedAt: at } = event
  if (site) await insertDelivery(db, site, { id: deliveryId, eventSeq: stored.seq, itemId, at })
  return true
}

async function apply(db: Db, change: EventChange): Promise<boolean> {
  const { userId, at } = change
  if (!concernsUser(await lockUser(db, userId), change)) return false
  if (change.kind === 'item') return applyToItem(db, change)
  if (change.kind === 'account') {
    if (!(await applyToItem(db, change))) return false
    const { accountId: id, itemId } = change
    await db
      .insert(accounts)
      .values({ id, itemId, createdAt: at })
      .onConflictDoUpdate({
        target: accounts.id,
        set: { itemId },
        setWhere: sql`${accounts.itemId} <> excluded.item_id`,
      })
    return true
  }
  const living = and(eq(items.userId, userId), isNull(items.goneAt))
  if (change.kind === 'item-gone') {
    const isIt = and(living, eq(items.id, change.itemId))
    return (await db.update(items).set({ goneAt: at }).where(isIt)).rowCount === 1
  }
  await db.update(bridgeUsers).set({ userUuid: null }).where(eq(bridgeUsers.id, userId))
  await db.update(items).set({ goneAt: at }).where(living)
  return true
}

async function applyToItem(
  db: Db,
  change: EventChange & { kind: 'item' | 'account' },
): Promise<boolean> {
  const known = await lockItem(db, change.itemId)
  const isDeleted = known === undefined && (await wasDeleted(db, change))
  const after = itemAfterEvent(known, change, { wasDeleted: isDeleted })
  if (after) await storeItem(db, after)
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
