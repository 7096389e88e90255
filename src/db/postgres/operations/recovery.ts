import { and, asc, eq, gte, inArray, isNotNull, lte, max, sql } from 'drizzle-orm'
import { isRecovered, joined, recoveredAtOnce, type Span } from '../../rules/recovery.ts'
import { anewTogether } from '../../rules/replay.ts'
import { attempts, deliveries, endpoints, events } from '../schema/index.ts'
import { first, type Db } from '../tools.ts'

const deadIn = (siteId: string, { since, until }: Span) =>
  and(
    eq(deliveries.siteId, siteId),
    sql`${deliveries.state} = 'dead'`,
    gte(deliveries.settledAt, since),
    lte(deliveries.settledAt, until),
  )

const lastStatus = sql<number | null>`(SELECT ${attempts.status} FROM ${attempts}
  WHERE ${attempts.deliveryId} = ${deliveries.id} ORDER BY ${attempts.number} DESC LIMIT 1)`.mapWith(
  attempts.status,
)

/** How many are read at once to ask of each whether it is to be recovered. */
const pageSize = recoveredAtOnce

/** The dead of a span that are to be recovered, page by page, those that died first coming first. */
async function* recoverable(db: Db, siteId: string, span: Span) {
  const tries = sql`(SELECT ${attempts.startedAt} + ${attempts.durationMs} AS ended FROM ${attempts}
    WHERE ${attempts.deliveryId} = ${deliveries.id} ORDER BY ${attempts.number}) AS tries`
  let last: { id: string; settledAt: number | null } | undefined
  for (;;) {
    const page = await db
      .select({
        id: deliveries.id,
        settledAt: deliveries.settledAt,
        attempts: deliveries.attempts,
        scheduleFrom: deliveries.scheduleFrom,
        lastStatus,
        eventType: events.type,
        hasBody: isNotNull(events.body).mapWith(Boolean),
        ends: sql<string>`(SELECT json_agg(ended)::text FROM ${tries})`,
      })
      .from(deliveries)
      .innerJoin(events, eq(events.seq, deliveries.eventSeq))
      .where(
        and(
          deadIn(siteId, span),
          // What these two leave out, the rule would refuse: it saves reading them.
          isNotNull(events.body),
          sql`EXISTS (SELECT 1 FROM ${tries} WHERE ended >= ${span.since})`,
          last &&
            sql`(${deliveries.settledAt}, ${deliveries.id}) > (${last.settledAt}, ${last.id})`,
        ),
      )
      .orderBy(asc(deliveries.settledAt), asc(deliveries.id))
      .limit(pageSize)
    yield page.filter((dead) =>
      isRecovered({ ...dead, ends: JSON.parse(dead.ends) as number[] }, span.since),
    )
    last = page.at(-1)
    if (page.length < pageSize) return
  }
}

export async function countRecoverable(db: Db, siteId: string, span: Span): Promise<number> {
  let count = 0
  for await (const some of recoverable(db, siteId, span)) count += some.length
  return count
}

/** When the last of a site's dead deliveries died; 0 without one. */
export async function lastDeath(db: Db, siteId: string): Promise<number> {
  const isDead = and(eq(deliveries.siteId, siteId), sql`${deliveries.state} = 'dead'`)
  const last = db
    .select({ at: max(deliveries.settledAt) })
    .from(deliveries)
    .where(isDead)
  return (await first(last))?.at ?? 0
}

/**
 * Notes that they are to go back on their way, inside the transaction at hand, which has the endpoint's lock: they may be too
 * many for one commit.
 */
export async function markRecovery(db: Db, siteId: string, span: Span): Promise<void> {
  const dead = db.select({ id: deliveries.id }).from(deliveries).where(deadIn(siteId, span))
  if ((await dead.limit(1)).length === 0) return
  const { since, until } = joined(await recoveryOf(db, siteId), span)
  await setNote(db, siteId, { recoverSince: since, recoverUntil: until })
}

const note = {
  siteId: endpoints.siteId,
  since: sql`${endpoints.recoverSince}`.mapWith(Number),
  until: sql`${endpoints.recoverUntil}`.mapWith(Number),
}

/** What of a site is noted so. */
export const recoveryOf = (db: Db, siteId: string): Promise<Span | undefined> =>
  first(
    db
      .select(note)
      .from(endpoints)
      .where(and(eq(endpoints.siteId, siteId), isNotNull(endpoints.recoverUntil))),
  )

const setNote = (
  db: Db,
  siteId: string,
  change: { recoverSince: number | null; recoverUntil: number | null },
) => db.update(endpoints).set(change).where(eq(endpoints.siteId, siteId))

const anyNote = (db: Db) =>
  db.select(note).from(endpoints).where(isNotNull(endpoints.recoverUntil)).limit(1)

export const isRecoveryDue = async (db: Db): Promise<boolean> => (await anyNote(db)).length > 0

/** A site with such a note that nobody else sees to, its endpoint locked. */
export const lockNextToRecover = (db: Db): Promise<(Span & { siteId: string }) | undefined> =>
  first(anyNote(db).for('no key update', { skipLocked: true }))

/** Puts the next of them back on their way, those that died first; the note goes with the last. */
export async function recover(
  db: Db,
  { siteId, ...span }: Span & { siteId: string },
  at: number,
): Promise<number> {
  let recovered = 0
  for await (const some of recoverable(db, siteId, span)) {
    const next = some.slice(0, recoveredAtOnce - recovered)
    for (const { ids, change } of anewTogether(next, at)) {
      const areDead = and(inArray(deliveries.id, ids), sql`${deliveries.state} = 'dead'`)
      await db.update(deliveries).set(change).where(areDead)
    }
    recovered += next.length
    if (recovered === recoveredAtOnce) return recovered
  }
  await setNote(db, siteId, { recoverSince: null, recoverUntil: null })
  return recovered
}
