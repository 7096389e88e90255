import { and, asc, eq, gt, isNull, lte, sql, desc, lt } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { EventChange, EventStore, Handling, NewEvent } from '../../ports/events.ts'
import { concernsUser, itemAfterEvent } from '../../rules/item-change.ts'
import { ClaimLostError, StoreBusyError, StoreDiskError } from '../../store-errors.ts'
import type { GroupCommit } from '../group-commit.ts'
import { bridgeUsers, events, items } from '../schema/index.ts'
import { isDiskFault, prepared, type Tools } from '../tools.ts'
import { insertDelivery } from './deliveries.ts'
import { isFreeFor, requirePlace } from './members.ts'
import { itemRow, storeAccount, storeItem, wasDeleted } from './item-rows.ts'

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

const isStored = prepared(({ $client }) =>
  $client.prepare<[string], 1>('SELECT 1 FROM events WHERE dedupe_key = +?').pluck(),
)

const unhandled = prepared((db) =>
  db
    .select()
    .from(events)
    .where(
      and(
        isNull(events.handledAt),
        lte(events.handleAfter, given('at')),
        isFreeFor(db, given('by')),
      ),
    )
    .orderBy(asc(events.seq))
    .limit(given('limit'))
    .prepare(),
)

/** Whether one of a user's waits to be handled, or so many at all that looking through them would take longer. */
const waitingOf = `
SELECT count(*) = 100 OR total(user_id = +@userId AND handle_after <= +@at) > 0
FROM (SELECT user_id, handle_after FROM events WHERE handled_at IS NULL ORDER BY seq LIMIT 100)`

const mustWait = prepared(({ $client }) => $client.prepare<unknown[], 0 | 1>(waitingOf).pluck())

const handled = prepared((db) =>
  db
    .update(events)
    .set({ handledAt: sql`${given('at')}` })
    .where(and(eq(events.seq, given('seq')), isFreeFor(db, given('by'))))
    .prepare(),
)

function markHandled(db: Tools['db'], { by, seq }: Handling, at: number): void {
  const { changes } = handled(db).run({ by, seq, at })
  if (changes === 0) throw new ClaimLostError('Another server has this event by now')
}

const userOf = prepared((db) =>
  db
    .select()
    .from(bridgeUsers)
    .where(eq(bridgeUsers.id, given('id')))
    .prepare(),
)

export function eventOperations({
  db,
  read,
  write,
  group,
}: Tools & { group: GroupCommit }): EventStore {
  const stored = (event: NewEvent, change?: EventChange) =>
    group(() => (accept(db, event, change) ? 'new' : 'repeat'), { refusable: true })

  return {
    acceptEvent: (event, change) =>
      stored(event, change)
        .catch((error: unknown) => {
          if (!change || error instanceof StoreBusyError || isDiskFault(error)) throw error
          return stored(event) // what cannot be applied is stored all the same, and the handler says why
        })
        .catch((cause: unknown) => {
          if (!isDiskFault(cause)) throw cause
          throw new StoreDiskError('The disk takes no event', { cause })
        }),

    claimUnhandledEvents: ({ by, at, limit }) => read(() => unhandled(db).all({ by, at, limit })),

    applyEvent: (change, handling) =>
      group(() => {
        const changed = apply(db, change)
        const at = handling?.handledAt ?? null
        if (handling && at !== null) markHandled(db, handling, at)
        else if (handling) requirePlace(db, handling.by)
        return changed
      }),

    markHandled: (handling, at) => group(() => markHandled(db, handling, at)),

    postponeEvent: ({ by, seq }, until, { failed } = { failed: false }) =>
      write(() => {
        requirePlace(db, by)
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

/** Stores an event, and applies it if it is the user's next; else, and when it changes nothing, the handler sees to it. */
function accept(db: Tools['db'], event: NewEvent, change: EventChange | undefined): boolean {
  const { id, userId, receivedAt: at } = event
  const isNext = change !== undefined && mustWait(db).get({ userId, at }) === 0
  if (!insertEvent(db, isNext ? { ...event, handledAt: at } : event)) return false
  if (isNext && !apply(db, change)) {
    db.update(events).set({ handledAt: null }).where(eq(events.id, id)).run()
  }
  return true
}

/** Stores an event and the delivery to its site, inside the transaction at hand. False when it was there already. */
export function insertEvent(
  db: Tools['db'],
  { deliveryId, formerKey, ...event }: NewEvent,
): boolean {
  if (formerKey !== undefined && isStored(db).get(formerKey)) return false
  const stored = storeEvent(db).get({ ...event })
  if (!stored) return false
  const { siteId, itemId, receivedAt: at } = event
  insertDelivery(db, { id: deliveryId, eventSeq: stored.seq, siteId, itemId, at })
  return true
}

function apply(db: Tools['db'], change: EventChange): boolean {
  const { userId, at } = change
  if (!concernsUser(userOf(db).get({ id: userId }), change)) return false
  if (change.kind === 'user-gone') {
    db.update(bridgeUsers).set({ userUuid: null }).where(eq(bridgeUsers.id, userId)).run()
    db.update(items)
      .set({ goneAt: at })
      .where(and(eq(items.userId, userId), isNull(items.goneAt)))
      .run()
    return true
  }
  const { itemId } = change
  const known = itemRow(db, itemId)
  const isDeleted = !known && change.kind !== 'item-gone' && wasDeleted(db, change)
  const after = itemAfterEvent(known, change, { wasDeleted: isDeleted })
  if (after) storeItem(db, known, after)
  if (after === undefined) return false
  if (change.kind === 'account')
    storeAccount(db, { id: change.accountId, itemId, ibanFingerprint: null, at })
  return true
}
