import { and, asc, eq, gte, inArray, isNotNull, lte, max, sql } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import { anewTogether } from '../../rules/replay.ts'
import { isRecovered, joined, recoveredAtOnce, type Span } from '../../rules/recovery.ts'
import { attempts, deliveries, endpoints, events } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'

type Db = Tools['db']

const deadIn = (siteId: string, { since, until }: Span) =>
  and(
    eq(deliveries.siteId, siteId),
    sql`${deliveries.state} = 'dead'`,
    gte(deliveries.settledAt, since),
    lte(deliveries.settledAt, until),
  )

const lastStatus = sql<number | null>`(SELECT ${attempts.status} FROM ${attempts}
  WHERE ${attempts.deliveryId} = ${deliveries.id} ORDER BY ${attempts.number} DESC LIMIT 1)`

/** How many are read at once to ask of each whether it is to be recovered. */
const pageSize = recoveredAtOnce

/** When each try ended. */
const tries = sql`(SELECT ${attempts.startedAt} + ${attempts.durationMs} AS ended FROM ${attempts}
  WHERE ${attempts.deliveryId} = ${deliveries.id} ORDER BY ${attempts.number})`

/** A page of the dead after another's last. What it leaves out, the rule would refuse: it saves reading them. */
const pageOfDead = prepared((db) =>
  db
    .select({
      id: deliveries.id,
      settledAt: deliveries.settledAt,
      attempts: deliveries.attempts,
      scheduleFrom: deliveries.scheduleFrom,
      lastStatus,
      eventType: events.type,
      hasBody: isNotNull(events.body).mapWith(Boolean),
      ends: sql<string>`(SELECT json_group_array(ended) FROM ${tries})`,
    })
    .from(deliveries)
    .innerJoin(events, eq(events.seq, deliveries.eventSeq))
    .where(
      and(
        eq(deliveries.siteId, given('siteId')),
        sql`${deliveries.state} = 'dead'`,
        lte(deliveries.settledAt, given('until')),
        sql`(${deliveries.settledAt}, ${deliveries.id}) > (${given('settledAt')}, ${given('id')})`,
        isNotNull(events.body),
        sql`EXISTS (SELECT 1 FROM ${tries} WHERE ended >= ${given('since')})`,
      ),
    )
    .orderBy(asc(deliveries.settledAt), asc(deliveries.id))
    .limit(pageSize)
    .prepare(),
)

/** The dead of a span that are to be recovered, page by page, those that died first coming first. */
function* recoverable(db: Db, siteId: string, { since, until }: Span) {
  // Before every row of the span: no id is empty.
  let last: { id: string; settledAt: number | null } = { id: '', settledAt: since }
  for (;;) {
    const page = pageOfDead(db).all({ siteId, since, until, ...last })
    yield page.filter((dead) =>
      isRecovered({ ...dead, ends: JSON.parse(dead.ends) as number[] }, since),
    )
    if (page.length < pageSize) return
    last = page.at(-1)!
  }
}

export function countRecoverable(db: Db, siteId: string, span: Span): number {
  let count = 0
  for (const some of recoverable(db, siteId, span)) count += some.length
  return count
}

/** When the last of a site's dead deliveries died; 0 without one. */
export function lastDeath(db: Db, siteId: string): number {
  const isDead = and(eq(deliveries.siteId, siteId), sql`${deliveries.state} = 'dead'`)
  const last = db
    .select({ at: max(deliveries.settledAt) })
    .from(deliveries)
    .where(isDead)
    .get()
  return last?.at ?? 0
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
  const { since, until } = joined(recoveryOf(db, siteId), span)
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

/** What of a site is noted so. */
export const recoveryOf = (db: Db, siteId: string): Span | undefined => noteOf(db).get({ siteId })

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
    const next = some.slice(0, recoveredAtOnce - recovered)
    for (const { ids, change } of anewTogether(next, at)) {
      db.update(deliveries).set(change).where(inArray(deliveries.id, ids)).run()
    }
    recovered += next.length
    if (recovered === recoveredAtOnce) return recovered
  }
  setNote(db, siteId, { recoverSince: null, recoverUntil: null })
  return recovered
}
