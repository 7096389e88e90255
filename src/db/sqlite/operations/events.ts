import { and, asc, eq, gt, isNull, lte, sql, desc, lt } from 'drizzle-orm'
import type { EventChange, NewEvent, EventStore } from '../../ports/events.ts'
import { StoreDiskError } from '../../store-errors.ts'
import type { GroupCommit } from '../group-commit.ts'
import { accounts, audit, bridgeUsers, events, items, sites } from '../schema/index.ts'
import { isDiskFault, given, prepared, type Tools } from '../tools.ts'
import { insertDelivery } from './deliveries.ts'

/** Bridge's clock and ours differ a little, and an item that is heard of again within this time is not written again. */
export const leewayMs = 2_000

/** Bridge's "just added, refresh pending": what an item is as long as no event said otherwise (Bridge: item statuses). */
const justAdded = -2

const storeEvent = prepared((db) =>
  db
    .insert(events)
    .values({
      id: given('id'),
      dedupeKey: given('dedupeKey'),
      type: given('type'),
      userId: given('userId'),
      siteId: given('siteId'),
      itemId: given('itemId'),
      body: given('body'),
      occurredAt: given('occurredAt'),
      receivedAt: given('receivedAt'),
      handledAt: given('handledAt'),
    })
    .onConflictDoNothing({ target: events.dedupeKey })
    .returning({ seq: events.seq })
    .prepare(),
)

const unhandled = prepared((db) =>
  db
    .select()
    .from(events)
    .where(and(isNull(events.handledAt), lte(events.handleAfter, given('at'))))
    .orderBy(asc(events.seq))
    .limit(given('limit'))
    .prepare(),
)

const handled = prepared((db) =>
  db
    .update(events)
    .set({ handledAt: sql`${given('at')}` })
    .where(eq(events.seq, given('seq')))
    .prepare(),
)

const userOf = prepared((db) =>
  db
    .select()
    .from(bridgeUsers)
    .where(eq(bridgeUsers.id, given('id')))
    .prepare(),
)

const itemWith = prepared((db) =>
  db
    .select()
    .from(items)
    .where(eq(items.id, given('id')))
    .prepare(),
)

const accountNamed = prepared((db) =>
  db
    .insert(accounts)
    .values({ id: given('id'), itemId: given('itemId'), createdAt: given('at') })
    .onConflictDoUpdate({
      target: accounts.id,
      set: { itemId: sql`excluded.item_id` },
      setWhere: sql`${accounts.itemId} <> excluded.item_id`,
    })
    .prepare(),
)

const itemHeardOf = prepared((db) =>
  db
    .update(items)
    .set({
      updatedAt: sql`max(${items.updatedAt}, ${given('at')})`,
      unreachableAt: null,
      goneAt: null,
      status: sql`coalesce(${given('status')}, ${items.status})`,
      // What goes with a status: a status without a word for it has none.
      statusCodeInfo: sql`CASE WHEN ${given('status')} IS NULL THEN ${items.statusCodeInfo} ELSE ${given('statusCodeInfo')} END`,
      authenticationExpiresAt: sql`coalesce(${given('authenticationExpiresAt')}, ${items.authenticationExpiresAt})`,
      accountTypes: sql`coalesce(${given('accountTypes')}, ${items.accountTypes})`,
      lastTryAt: sql`coalesce(${given('lastTryAt')}, ${items.lastTryAt})`,
      lastSuccessAt: sql`coalesce(${given('lastSuccessAt')}, ${items.lastSuccessAt})`,
    })
    .where(eq(items.id, given('itemId')))
    .prepare(),
)

const unsaid = {
  status: null,
  statusCodeInfo: null,
  authenticationExpiresAt: null,
  accountTypes: null,
}

const refreshTimes = ({ refreshed, at }: EventChange & { kind: 'item' }) => ({
  lastTryAt: refreshed === undefined ? null : at,
  lastSuccessAt: refreshed ? at : null,
})

/** How long Bridge may go on reading an item that was just deleted. */
const lastRefreshMs = 24 * 60 * 60_000

/** Whether the item was deleted here: no row stands for it any more, only the audit tells. */
const wasDeleted = (
  db: Tools['db'],
  { userId, itemId, at }: { userId: string; itemId: number; at: number },
): boolean =>
  db
    .select({ id: audit.id })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(audit, eq(audit.tenantId, sites.tenantId))
    .where(
      and(
        eq(bridgeUsers.id, userId),
        gt(audit.at, at - lastRefreshMs),
        eq(audit.action, 'item.deleted'),
        eq(audit.subject, String(itemId)),
      ),
    )
    .get() !== undefined

export function eventOperations({
  db,
  read,
  write,
  group,
}: Tools & { group: GroupCommit }): EventStore {
  return {
    acceptEvent: (event) =>
      group(() => (insertEvent(db, event) ? 'new' : 'repeat'), { refusable: true }).catch(
        (cause: unknown) => {
          if (!isDiskFault(cause)) throw cause
          throw new StoreDiskError('The disk takes no event', { cause })
        },
      ),

    listUnhandledEvents: (at, limit) => read(() => unhandled(db).all({ at, limit })),

    applyEvent: (change, done) =>
      group(() => {
        const changed = apply(db, change)
        if (done) handled(db).run({ ...done })
        return changed
      }),

    markHandled: (seq, at) =>
      group(() => {
        handled(db).run({ seq, at })
      }),

    postponeEvent: (seq, until, { failed } = { failed: false }) =>
      write(() => {
        db.update(events)
          .set({ handleAfter: until, ...(failed && { failures: sql`${events.failures} + 1` }) })
          .where(eq(events.seq, seq))
          .run()
      }),

    lastWebhookAt: (until) =>
      read(
        () =>
          // Text order and an index: Bridge's events alone begin with their name.
          db
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
            .get()?.at ?? null,
      ),
  }
}

/** Stores an event and the delivery to its site, inside the transaction at hand. False when it was there already. */
export function insertEvent(db: Tools['db'], { deliveryId, ...event }: NewEvent): boolean {
  const stored = storeEvent(db).get({ ...event })
  if (!stored) return false
  if (event.siteId !== null) {
    insertDelivery(db, {
      id: deliveryId,
      eventSeq: stored.seq,
      siteId: event.siteId,
      itemId: event.itemId,
      at: event.receivedAt,
    })
  }
  return true
}

function apply(db: Tools['db'], change: EventChange): boolean {
  const { userId, at } = change
  const user = userOf(db).get({ id: userId })
  if (!user) return false
  const ofUser = and(eq(items.userId, userId), isNull(items.goneAt))

  // A user that is gone has no items: what says otherwise was sent before.
  const isNews = change.kind === 'item' || change.kind === 'account'
  if (isNews && user.userUuid === null) return false
  if (change.kind === 'item') return applyItem(db, change)
  if (change.kind === 'account') {
    const { accountId, itemId } = change
    if (!applyItem(db, { kind: 'item', userId, itemId, at, ...unsaid })) return false
    accountNamed(db).run({ id: accountId, itemId, at })
    return true
  }
  if (change.kind === 'item-gone') {
    const gone = and(ofUser, eq(items.id, change.itemId))
    return db.update(items).set({ goneAt: at }).where(gone).run().changes === 1
  }
  // Another uuid by now: the user was made anew, and this is old news.
  if (user.userUuid !== change.userUuid) return false
  db.update(bridgeUsers).set({ userUuid: null }).where(eq(bridgeUsers.id, userId)).run()
  db.update(items).set({ goneAt: at }).where(ofUser).run()
  return true
}

/** Late events may concern items already deleted (Bridge: webhooks), and come after newer ones: those change nothing. */
function applyItem(db: Tools['db'], change: EventChange & { kind: 'item' }): boolean {
  const { userId, itemId, at, status, statusCodeInfo, authenticationExpiresAt, accountTypes } =
    change
  const known = itemWith(db).get({ id: itemId })
  if (!known) {
    if (wasDeleted(db, change)) return false
    db.insert(items)
      .values({
        id: itemId,
        userId,
        status: status ?? justAdded,
        statusCodeInfo,
        authenticationExpiresAt,
        accountTypes,
        ...refreshTimes(change),
        createdAt: at,
        updatedAt: at,
      })
      .run()
    return true
  }
  if (known.userId !== userId) return false
  const isOld =
    at < known.updatedAt - leewayMs || (known.goneAt !== null && at <= known.goneAt + leewayMs)
  if (isOld) return true
  const said = { status, statusCodeInfo, authenticationExpiresAt, accountTypes }
  // One refresh is an event for each account: that we heard of the item a moment ago is known, and costs most of a commit.
  const saysNothing =
    change.refreshed === undefined && Object.values(said).every((one) => one === null)
  const isWell = known.goneAt === null && known.unreachableAt === null
  if (saysNothing && isWell && at <= known.updatedAt + leewayMs) return true
  itemHeardOf(db).run({ itemId, at, ...said, ...refreshTimes(change) })
  return true
}
