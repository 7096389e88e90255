import { and, asc, desc, eq, gt, isNull, lt, lte, sql } from 'drizzle-orm'
import type { EventChange, EventStore, Handling } from '../../ports/events.ts'
import type { Item } from '../../ports/items.ts'
import { ClaimLostError } from '../../store-errors.ts'
import { concernsUser, itemAfterEvent, lateFrom } from '../../rules/item-change.ts'
import { accounts, audit, bridgeUsers, events, items, sites } from '../schema/index.ts'
import { inBatches } from '../batches.ts'
import { given, prepared, tableOf, type Db, type Last, type Tools } from '../tools.ts'
import { lockItems, storeItems } from './item-rows.ts'
import { lockUsers } from './locks.ts'
import { newOf, storing } from './store-event.ts'
import { claimsOf, claimWork, givenClaiming, isFreeFor, lockWork } from './work-claims.ts'

/** What becomes of an event that a member has in hand; null: it stays as it is. */
interface Note extends Handling {
  handledAt: number | null
  handleAfter: number | null
  failed: number
}

/** An error for each event that another member has by now. */
async function note(db: Db, all: readonly Note[]): Promise<(undefined | ClaimLostError)[]> {
  const notes = tableOf('note', all, {
    by: 'text',
    seq: 'bigint',
    handledAt: 'bigint',
    handleAfter: 'bigint',
    failed: 'bigint',
  })
  const { rows } = await db.execute<{ nth: string }>(sql`
UPDATE events SET handled_at = coalesce("handledAt", handled_at), handle_after = coalesce("handleAfter", handle_after),
  failures = failures + failed
FROM ${notes} JOIN work_claims ON work_claims.claimed_by = note.by AND work_claims.kind = 'user-events'
WHERE events.seq = note.seq AND work_claims.subject = ${userOfEvent}
RETURNING nth`)
  const noted = new Set(rows.map(({ nth }) => Number(nth)))
  return all.map((_, nth) => (noted.has(nth + 1) ? undefined : lostEvent()))
}

const lostEvent = () => new ClaimLostError('Another server has this event by now')

/** Whose events it is one of: those of nobody are all claimed together. */
const userOfEvent = sql`coalesce(${events.userId}, '')`

const isWaiting = and(isNull(events.handledAt), lte(events.handleAfter, given('at')))

const anyWaiting = prepared((db) =>
  db.select({ seq: events.seq }).from(events).where(isWaiting).limit(1),
)

/** Those that no other living member has in hand. */
const free = prepared((db) =>
  db
    .select()
    .from(events)
    .where(and(isWaiting, isFreeFor(db, 'user-events', userOfEvent, givenClaiming)))
    .orderBy(asc(events.seq))
    .limit(given('limit')),
)

export function eventOperations({ run, transaction, together }: Tools): EventStore {
  const noting = inBatches((all: readonly Note[]) => run((db) => note(db, all)))
  const applying = inBatches((all: readonly Applying[]) =>
    transaction((db, last) => applyAll(db, last, all)),
  )
  return {
    acceptEvent: inBatches(async (all) => {
      const news = newOf(await together((db) => storing(db, all)))
      return all.map(({ id }) => (news.has(id) ? 'new' : 'repeat'))
    }),

    async claimUnhandledEvents(claiming) {
      if ((await run((db) => anyWaiting(db).execute({ ...claiming }))).length === 0) return []
      return transaction(async (db, last) => {
        const [, found] = await Promise.all([
          lockWork(db).execute(),
          free(db).execute({ ...claiming }),
        ])
        const users = found.map(({ userId }) => userId ?? '')
        if (users.length > 0) last(claimWork(db, 'user-events', users, claiming))
        return found
      })
    },

    applyEvent: (change, handling) => applying({ change, handling }),

    markHandled: (handling, handledAt) =>
      noting({ ...handling, handledAt, handleAfter: null, failed: 0 }),

    postponeEvent: (handling, handleAfter, { failed } = { failed: false }) =>
      noting({ ...handling, handledAt: null, handleAfter, failed: failed ? 1 : 0 }),

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

interface Applying {
  change: EventChange
  handling: (Handling & { handledAt: number | null }) | undefined
}

/** Applies events one after the other to what was read of all, and writes what came of it; an error is of one event. */
async function applyAll(
  db: Db,
  last: Last,
  all: readonly Applying[],
): Promise<(boolean | ClaimLostError)[]> {
  const userIds = all.map(({ change }) => change.userId)
  const itemIds = all.flatMap(({ change }) => ('itemId' in change ? change.itemId : []))
  const [claims, users, known] = await Promise.all([
    claimsOf(db, 'user-events', userIds),
    lockUsers(db, userIds),
    lockItems(db, itemIds),
  ])
  const changed = new Set<number>()
  const its = new Map<number, { id: number; itemId: number; createdAt: number }>()
  const handled: { seq: number; at: number }[] = []
  const keep = (item: Item) => {
    known.set(item.id, item)
    changed.add(item.id)
  }
  const apply = async (change: EventChange): Promise<boolean> => {
    const { userId, at } = change
    if (!concernsUser(users.get(userId), change)) return false
    if (change.kind === 'user-gone') {
      const its = [...known.values()].filter((item) => item.userId === userId)
      for (const item of its) known.set(item.id, { ...item, goneAt: item.goneAt ?? at })
      last(
        db.update(bridgeUsers).set({ userUuid: null }).where(eq(bridgeUsers.id, userId)),
        db
          .update(items)
          .set({ goneAt: at })
          .where(and(eq(items.userId, userId), isNull(items.goneAt))),
      )
      return true
    }
    const item = known.get(change.itemId)
    if (change.kind === 'item-gone') {
      if (item?.userId !== userId || item.goneAt !== null) return false
      keep({ ...item, goneAt: at })
      return true
    }
    const isDeleted = item === undefined && (await wasDeleted(db, change))
    const after = itemAfterEvent(item, change, { wasDeleted: isDeleted })
    if (after) keep(after)
    if (after === undefined) return false
    if (change.kind === 'account') {
      const { accountId: id, itemId } = change
      its.set(id, { id, itemId, createdAt: at })
    }
    return true
  }
  const ends: (boolean | ClaimLostError)[] = []
  for (const { change, handling } of all) {
    const isLost = handling && claims.get(change.userId) !== handling.by
    ends.push(isLost ? lostEvent() : await apply(change))
    if (!isLost && handling?.handledAt != null)
      handled.push({ seq: handling.seq, at: handling.handledAt })
  }
  await storeItems(
    db,
    [...changed].map((id) => known.get(id)!),
  )
  if (its.size > 0) last(keeping(db, [...its.values()]))
  if (handled.length > 0) {
    const done = tableOf('done', handled, { seq: 'bigint', at: 'bigint' })
    last(
      db.execute(
        sql`UPDATE events SET handled_at = done.at FROM ${done} WHERE events.seq = done.seq`,
      ),
    )
  }
  return ends
}

const keeping = (db: Db, all: { id: number; itemId: number; createdAt: number }[]) =>
  db
    .insert(accounts)
    .values(all)
    .onConflictDoUpdate({
      target: accounts.id,
      set: { itemId: sql`excluded.item_id` },
      setWhere: sql`${accounts.itemId} <> excluded.item_id`,
    })

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
