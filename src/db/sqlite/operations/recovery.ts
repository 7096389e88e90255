import { and, asc, count, eq, gte, inArray, isNotNull, lte, sql } from 'drizzle-orm'
import { testEventType } from '../../ports/events.ts'
import { attempts, deliveries, endpoints, events } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'

type Db = Tools['db']

/** How many go back on their way in one commit: a few milliseconds. */
const batch = 500

/** Deaths of a site, from a moment to another. */
interface Span {
  siteId: string
  since: number
  until: number
}

const deadIn = ({ siteId, since, until }: Span) =>
  and(
    eq(deliveries.siteId, siteId),
    sql`${deliveries.state} = 'dead'`,
    gte(deliveries.settledAt, since),
    lte(deliveries.settledAt, until),
  )

/**
 * Whether a delivery died of the failures that began then, and not of itself. What a site refuses while it takes the rest
 * has one try among failures at most, its own. A delivery whose first tries met a site that came and went, before it stayed
 * away, has several; one that was tried for the first time since may have one. None is known of what died of a fault of ours.
 */
const isOfFailures = (since: number) => sql`(
  SELECT min(ended) >= ${since} OR count(*) FILTER (WHERE ended >= ${since}) >= 2
  FROM (SELECT ${attempts.startedAt} + ${attempts.durationMs} AS ended FROM ${attempts}
    WHERE ${attempts.deliveryId} = ${deliveries.id} AND ${attempts.number} > ${deliveries.scheduleFrom}))`

const diedOfFailures = (span: Span) =>
  and(
    deadIn(span),
    isOfFailures(span.since),
    // What was forgotten meanwhile cannot be sent.
    sql`EXISTS (SELECT 1 FROM ${events} WHERE ${events.seq} = ${deliveries.eventSeq} AND ${events.body} IS NOT NULL AND ${events.type} <> ${testEventType})`,
  )

export const countDiedOfFailures = (db: Db, span: Span): number =>
  db.select({ count: count() }).from(deliveries).where(diedOfFailures(span)).get()!.count

/** Notes that they are to go back on their way, inside the transaction at hand: they may be too many for one commit. */
export function markRecovery(db: Db, span: Span): void {
  const { siteId, since, until } = span
  const one = db.select({ id: deliveries.id }).from(deliveries).where(deadIn(span)).limit(1).get()
  if (!one) return
  db.update(endpoints)
    .set({
      recoverSince: sql`min(coalesce(${endpoints.recoverSince}, ${since}), ${since})`,
      recoverUntil: sql`max(coalesce(${endpoints.recoverUntil}, ${until}), ${until})`,
    })
    .where(eq(endpoints.siteId, siteId))
    .run()
}

const marked = prepared((db) =>
  db
    .select({
      siteId: endpoints.siteId,
      since: endpoints.recoverSince,
      until: endpoints.recoverUntil,
    })
    .from(endpoints)
    .where(isNotNull(endpoints.recoverUntil))
    .limit(1)
    .prepare(),
)

/** A site with such a note. */
export function nextToRecover(db: Db): Span | undefined {
  const { siteId, since, until } = marked(db).get() ?? {}
  return siteId === undefined ? undefined : { siteId, since: since ?? 0, until: until ?? 0 }
}

/** Puts the next of them back on their way, those that died first; the note goes with the last. Their schedule begins anew. */
export function recover(db: Db, span: Span, at: number): number {
  const next = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(diedOfFailures(span))
    .orderBy(asc(deliveries.settledAt))
    .limit(batch)
  const { changes } = db
    .update(deliveries)
    .set({
      state: 'pending',
      dueAt: at,
      settledAt: null,
      scheduleFrom: sql`${deliveries.attempts}`,
    })
    .where(inArray(deliveries.id, next))
    .run()
  if (changes < batch) {
    db.update(endpoints)
      .set({ recoverSince: null, recoverUntil: null })
      .where(eq(endpoints.siteId, span.siteId))
      .run()
  }
  return changes
}
