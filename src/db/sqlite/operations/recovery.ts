import { and, asc, eq, gte, isNotNull, lte, sql } from 'drizzle-orm'
import { anew } from '../../rules/replay.ts'
import { isRecovered, joined, recoveredAtOnce, type Span } from '../../rules/recovery.ts'
import { attempts, deliveries, endpoints, events } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'

type Db = Tools['db']

const deadIn = (siteId: string, { since, until }: Span) =>
  and(
    eq(deliveries.siteId, siteId),
    sql`${deliveries.state} = 'dead'`,
    gte(deliveries.settledAt, since),
    lte(deliveries.settledAt, until),
  )

/** How many are read at once to ask of each whether it is to be recovered. */
const pageSize = recoveredAtOnce

/** The dead of a span that are to be recovered, page by page, those that died first coming first. */
function* recoverable(db: Db, siteId: string, span: Span) {
  const ended = sql`(SELECT ${attempts.startedAt} + ${attempts.durationMs} AS ended FROM ${attempts}
    WHERE ${attempts.deliveryId} = ${deliveries.id} AND ${attempts.number} > ${deliveries.scheduleFrom})`
  let last: { id: string; settledAt: number | null } | undefined
  for (;;) {
    const page = db
      .select({
        id: deliveries.id,
        settledAt: deliveries.settledAt,
        attempts: deliveries.attempts,
        eventType: events.type,
        hasBody: isNotNull(events.body).mapWith(Boolean),
        firstEnd: sql<number | null>`(SELECT min(ended) FROM ${ended})`,
        endsSince: sql<number>`(SELECT count(*) FROM ${ended} WHERE ended >= ${span.since})`,
      })
      .from(deliveries)
      .innerJoin(events, eq(events.seq, deliveries.eventSeq))
      .where(
        and(
          deadIn(siteId, span),
          last &&
            sql`(${deliveries.settledAt}, ${deliveries.id}) > (${last.settledAt}, ${last.id})`,
        ),
      )
      .orderBy(asc(deliveries.settledAt), asc(deliveries.id))
      .limit(pageSize)
      .all()
    yield page.filter((dead) => isRecovered(dead, span.since))
    last = page.at(-1)
    if (page.length < pageSize) return
  }
}

export function countRecoverable(db: Db, siteId: string, span: Span): number {
  let count = 0
  for (const some of recoverable(db, siteId, span)) count += some.length
  return count
}

/** Notes that they are to go back on their way, inside the transaction at hand: they may be too many for one commit. */
export function markRecovery(db: Db, siteId: string, span: Span): void {
  const one = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(deadIn(siteId, span))
    .limit(1)
    .get()
  if (!one) return
  const { since, until } = joined(noteOf(db).get({ siteId }), span)
  setNote(db, siteId, { recoverSince: since, recoverUntil: until })
}

const note = {
  siteId: endpoints.siteId,
  since: sql<number>`${endpoints.recoverSince}`,
  until: sql<number>`${endpoints.recoverUntil}`,
}

const noteOf = prepared((db) =>
  db
    .select(note)
    .from(endpoints)
    .where(and(eq(endpoints.siteId, given('siteId')), isNotNull(endpoints.recoverUntil)))
    .prepare(),
)

const anyNote = prepared((db) =>
  db.select(note).from(endpoints).where(isNotNull(endpoints.recoverUntil)).limit(1).prepare(),
)

const setNote = (
  db: Db,
  siteId: string,
  change: { recoverSince: number | null; recoverUntil: number | null },
) => db.update(endpoints).set(change).where(eq(endpoints.siteId, siteId)).run()

/** A site with such a note. */
export const nextToRecover = (db: Db): (Span & { siteId: string }) | undefined => anyNote(db).get()

/** Puts the next of them back on their way, those that died first; the note goes with the last. */
export function recover(
  db: Db,
  { siteId, ...span }: Span & { siteId: string },
  at: number,
): number {
  let recovered = 0
  for (const some of recoverable(db, siteId, span)) {
    for (const dead of some.slice(0, recoveredAtOnce - recovered)) {
      db.update(deliveries).set(anew(dead, at)).where(eq(deliveries.id, dead.id)).run()
      recovered += 1
    }
    if (recovered === recoveredAtOnce) return recovered
  }
  setNote(db, siteId, { recoverSince: null, recoverUntil: null })
  return recovered
}
