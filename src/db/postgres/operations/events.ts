import { and, asc, desc, eq, gt, isNull, lt, lte, sql } from 'drizzle-orm'
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core'
import type { EventChange, EventStore, Handling } from '../../ports/events.ts'
import { ClaimLostError } from '../../store-errors.ts'
import { concernsUser, itemAfterEvent, lateFrom } from '../../rules/item-change.ts'
import { accounts, audit, bridgeUsers, events, items, sites } from '../schema/index.ts'
import type { Db, Last, Tools } from '../tools.ts'
import { lockItem, storeItem } from './item-rows.ts'
import { lockUser } from './locks.ts'
import { isStored, storing } from './store-event.ts'
import { claimWork, hasClaim, isFreeFor, lockWork, requireClaim } from './work-claims.ts'

/** Changes an event that a member has in hand. */
async function changeEvent(
  db: Db,
  { by, seq }: Handling,
  values: PgUpdateSetSource<typeof events>,
): Promise<void> {
  const isInHand = hasClaim(db, 'user-events', userOfEvent, by)
  const changed = await db
    .update(events)
    .set(values)
    .where(and(eq(events.seq, seq), isInHand))
  if (changed.rowCount === 0) throw new ClaimLostError('Another server has this event by now')
}

/** Whose events it is one of: those of nobody are all claimed together. */
const userOfEvent = sql`coalesce(${events.userId}, '')`

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
        const isFree = isFreeFor(db, 'user-events', userOfEvent, claiming)
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

    applyEvent: (change, handling) =>
      transaction(async (db, last) => {
        // Asked for along with what is read first; what is written before its answer is undone with it.
        const claimed = handling && requireClaim(db, 'user-events', change.userId, handling.by)
        claimed?.catch(() => {})
        const changed = await apply(db, last, change)
        await claimed
        const { seq, handledAt } = handling ?? {}
        if (seq !== undefined && handledAt != null) {
          last(db.update(events).set({ handledAt }).where(eq(events.seq, seq)))
        }
        return changed
      }),

    markHandled: (handling, handledAt) => run((db) => changeEvent(db, handling, { handledAt })),

    postponeEvent: (handling, handleAfter, { failed } = { failed: false }) =>
      run((db) =>
        changeEvent(db, handling, {
          handleAfter,
          ...(failed && { failures: sql`${events.failures} + 1` }),
        }),
      ),

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
