import { and, asc, desc, eq, inArray, or } from 'drizzle-orm'
import type { Timeline } from '../../ports/history.ts'
import {
  attempts,
  audit,
  bridgeUsers,
  calls,
  connectRequests as requests,
  deliveries,
  events,
  items,
  sites,
} from '../schema/index.ts'
import type { Tools } from '../tools.ts'

type Db = Tools['db']

/** How many of each kind a story tells. */
const most = 100

interface Subject {
  requestId?: string | undefined
  itemId?: number | undefined
  eventId?: string | undefined
  callId?: string | undefined
}

/** Gathers what is known about the thing an id names. Undefined when nothing has that id. */
export function findTimeline(db: Db, word: string): Timeline | undefined {
  const subject = subjectOf(db, word)
  if (!subject) return undefined
  const { requestId, itemId } = subject

  const ofRequests = [
    ...(requestId === undefined ? [] : [eq(requests.id, requestId)]),
    ...(itemId === undefined ? [] : [eq(requests.itemId, itemId)]),
  ]
  const found = ofRequests.length
    ? db
        .select()
        .from(requests)
        .where(or(...ofRequests))
        .orderBy(asc(requests.openedAt))
        .limit(most)
        .all()
    : []
  const item =
    itemId === undefined ? undefined : db.select().from(items).where(eq(items.id, itemId)).get()
  const userId = item?.userId ?? found[0]?.userId
  const owner =
    userId === undefined
      ? undefined
      : db
          .select({ user: { name: bridgeUsers.name }, site: { name: sites.name } })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .where(eq(bridgeUsers.id, userId))
          .get()

  return {
    site: owner?.site ?? null,
    user: owner?.user ?? null,
    requests: found,
    item: item ?? null,
    events: eventsOf(
      db,
      subject,
      found.map(({ userId }) => userId),
    ),
    calls: callsOf(db, subject),
    audit: auditOf(db, subject),
  }
}

/** What an id is: each kind has its own shape, and its own table that must know it. */
function subjectOf(db: Db, word: string): Subject | undefined {
  if (/^[0-9]{1,16}$/.test(word)) {
    const itemId = Number(word)
    const known =
      db.select({ id: items.id }).from(items).where(eq(items.id, itemId)).get() ??
      db.select({ id: calls.id }).from(calls).where(eq(calls.itemId, itemId)).limit(1).get()
    return known && { itemId }
  }
  const request = db.select().from(requests).where(eq(requests.id, word)).get()
  if (request) return { requestId: word, itemId: request.itemId ?? undefined }
  const call = db.select().from(calls).where(eq(calls.id, word)).get()
  if (call) return { callId: word }
  const event = db
    .select({ id: events.id })
    .from(events)
    .leftJoin(deliveries, eq(deliveries.eventSeq, events.seq))
    .where(or(eq(events.id, word), eq(deliveries.id, word)))
    .get()
  return event && { eventId: event.id }
}

function eventsOf(
  db: Db,
  { eventId, itemId }: Subject,
  userIds: readonly string[],
): Timeline['events'] {
  const which =
    eventId !== undefined
      ? eq(events.id, eventId)
      : itemId !== undefined
        ? eq(events.itemId, itemId)
        : undefined
  if (!which) return []
  const mine = userIds.length > 0 ? and(which, inArray(events.userId, [...userIds])) : which
  const rows = db.select().from(events).where(mine).orderBy(desc(events.seq)).limit(most).all()
  return rows.toReversed().map(({ body: _sealed, ...event }) => {
    const delivery = db.select().from(deliveries).where(eq(deliveries.eventSeq, event.seq)).get()
    if (!delivery) return { ...event, delivery: null }
    const { id, state, createdAt, dueAt, settledAt, attempts: claims } = delivery
    const tries = db
      .select({
        number: attempts.number,
        startedAt: attempts.startedAt,
        durationMs: attempts.durationMs,
        status: attempts.status,
        error: attempts.error,
      })
      .from(attempts)
      .where(eq(attempts.deliveryId, id))
      .orderBy(asc(attempts.number))
      .all()
    return {
      ...event,
      delivery: { id, state, createdAt, dueAt, settledAt, attempts: claims, tries },
    }
  })
}

function callsOf(db: Db, { callId, requestId, itemId }: Subject): Timeline['calls'] {
  const which = [
    ...(callId === undefined ? [] : [eq(calls.id, callId)]),
    ...(requestId === undefined ? [] : [eq(calls.request, requestId)]),
    ...(itemId === undefined ? [] : [eq(calls.itemId, itemId)]),
  ]
  if (which.length === 0) return []
  const rows = db
    .select()
    .from(calls)
    .where(or(...which))
    .orderBy(desc(calls.at))
    .limit(most)
    .all()
  return rows.toReversed()
}

const auditOf = (db: Db, { requestId, itemId }: Subject): Timeline['audit'] => {
  const subjects = [requestId, itemId === undefined ? undefined : String(itemId)].filter(
    (subject) => subject !== undefined,
  )
  if (subjects.length === 0) return []
  return db
    .select()
    .from(audit)
    .where(inArray(audit.subject, subjects))
    .orderBy(asc(audit.at))
    .limit(most)
    .all()
}
