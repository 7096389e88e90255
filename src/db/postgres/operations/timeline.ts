import { asc, desc, eq, inArray, or, and } from 'drizzle-orm'
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
import type { Db } from '../tools.ts'

/** How many of each kind a story tells. */
const most = 100

interface Subject {
  requestId?: string | undefined
  itemId?: number | undefined
  eventId?: string | undefined
  callId?: string | undefined
}

/** Gathers what is known about the thing an id names. Undefined when nothing has that id. */
export async function findTimeline(db: Db, word: string): Promise<Timeline | undefined> {
  const subject = await subjectOf(db, word)
  if (!subject) return undefined
  const { requestId, itemId } = subject
  const ofRequests = [
    ...(requestId === undefined ? [] : [eq(requests.id, requestId)]),
    ...(itemId === undefined ? [] : [eq(requests.itemId, itemId)]),
  ]
  const found =
    ofRequests.length === 0
      ? []
      : await db
          .select()
          .from(requests)
          .where(or(...ofRequests))
          .orderBy(asc(requests.openedAt))
          .limit(most)
  const [item] =
    itemId === undefined ? [] : await db.select().from(items).where(eq(items.id, itemId))
  const userId = item?.userId ?? found[0]?.userId
  const [owner] =
    userId === undefined
      ? []
      : await db
          .select({ user: { name: bridgeUsers.name }, site: { name: sites.name } })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .where(eq(bridgeUsers.id, userId))
  return {
    site: owner?.site ?? null,
    user: owner?.user ?? null,
    requests: found,
    item: item ?? null,
    events: await eventsOf(
      db,
      subject,
      found.map((request) => request.userId),
    ),
    calls: await callsOf(db, subject),
    audit: await auditOf(db, subject),
  }
}

/** What an id is: each kind has its own shape, and its own table that must know it. */
async function subjectOf(db: Db, word: string): Promise<Subject | undefined> {
  if (/^[0-9]{1,16}$/.test(word)) {
    const itemId = Number(word)
    const item = await db.select({ id: items.id }).from(items).where(eq(items.id, itemId))
    const call = await db
      .select({ id: calls.id })
      .from(calls)
      .where(eq(calls.itemId, itemId))
      .limit(1)
    return item.length + call.length > 0 ? { itemId } : undefined
  }
  const [request] = await db.select().from(requests).where(eq(requests.id, word))
  if (request) return { requestId: word, itemId: request.itemId ?? undefined }
  const [call] = await db.select({ id: calls.id }).from(calls).where(eq(calls.id, word))
  if (call) return { callId: word }
  const [event] = await db
    .select({ id: events.id })
    .from(events)
    .leftJoin(deliveries, eq(deliveries.eventSeq, events.seq))
    .where(or(eq(events.id, word), eq(deliveries.id, word)))
  return event && { eventId: event.id }
}

async function eventsOf(
  db: Db,
  { eventId, itemId }: Subject,
  userIds: readonly string[],
): Promise<Timeline['events']> {
  const which =
    eventId !== undefined
      ? eq(events.id, eventId)
      : itemId !== undefined
        ? eq(events.itemId, itemId)
        : undefined
  if (!which) return []
  const mine = userIds.length > 0 ? and(which, inArray(events.userId, [...userIds])) : which
  const rows = await db
    .select({ event: events, delivery: deliveries })
    .from(events)
    .leftJoin(deliveries, eq(deliveries.eventSeq, events.seq))
    .where(mine)
    .orderBy(desc(events.seq))
    .limit(most)
  const tries = await triesOf(
    db,
    rows.flatMap(({ delivery }) => delivery?.id ?? []),
  )
  return rows.toReversed().map(({ event: { body: _sealed, ...event }, delivery }) => {
    if (!delivery) return { ...event, delivery: null }
    const { id, state, createdAt, dueAt, settledAt, attempts: claims } = delivery
    const told = { id, state, createdAt, dueAt, settledAt, attempts: claims }
    return { ...event, delivery: { ...told, tries: tries.get(id) ?? [] } }
  })
}

async function triesOf(db: Db, deliveryIds: string[]) {
  const { deliveryId, number, startedAt, durationMs, status, error } = attempts
  const rows =
    deliveryIds.length === 0
      ? []
      : await db
          .select({ deliveryId, number, startedAt, durationMs, status, error })
          .from(attempts)
          .where(inArray(attempts.deliveryId, deliveryIds))
          .orderBy(asc(attempts.number))
  const tries = Map.groupBy(rows, (row) => row.deliveryId)
  return new Map(
    [...tries].map(([id, own]) => [id, own.map(({ deliveryId: _ofIt, ...one }) => one)]),
  )
}

async function callsOf(db: Db, { callId, requestId, itemId }: Subject): Promise<Timeline['calls']> {
  const which = [
    ...(callId === undefined ? [] : [eq(calls.id, callId)]),
    ...(requestId === undefined ? [] : [eq(calls.request, requestId)]),
    ...(itemId === undefined ? [] : [eq(calls.itemId, itemId)]),
  ]
  if (which.length === 0) return []
  const rows = await db
    .select()
    .from(calls)
    .where(or(...which))
    .orderBy(desc(calls.at))
    .limit(most)
  return rows.toReversed()
}

async function auditOf(db: Db, { requestId, itemId }: Subject): Promise<Timeline['audit']> {
  const subjects = [requestId, itemId === undefined ? undefined : String(itemId)].filter(
    (subject) => subject !== undefined,
  )
  if (subjects.length === 0) return []
  return db
    .select()
    .from(audit)
    .where(inArray(audit.subject, subjects))
    .orderBy(asc(audit.at), asc(audit.id))
    .limit(most)
}
