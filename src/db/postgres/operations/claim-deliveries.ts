import { asc, eq, sql, type Placeholder, type SQL } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { ClaimedDelivery } from '../../ports/deliveries.ts'
import { sharesOf, type Share } from '../../rules/claim-shares.ts'
import { freshMs } from '../../rules/delivery-claims.ts'
import { triesAtOnce } from '../../rules/endpoint-health.ts'
import { StoreAwayError, StoreBusyError } from '../../store-errors.ts'
import { deliveries, endpoints, events, sites } from '../schema/index.ts'
import { databaseTime } from './members.ts'
import { prepared, type Db, type Tools } from '../tools.ts'

interface Claim {
  by: string
  at: number
  leaseUntil: number
  limit: number
  spreadAfter: number
}

/**
 * False for who was paused with its clock, as a virtual machine may be: others were seen since, and for them its claims would be
 * over. Not seen in a time to come, as who went before the database's clock was put back.
 */
const isNow = (at: number | Placeholder) => sql`NOT EXISTS (
  SELECT FROM members WHERE seen_at - ${freshMs} > ${at} AND seen_at <= ${databaseTime})`

/** Sites with anything due, read off the index one after the other: the backlog of one that is dead is not walked. */
export const waiting = sql`
WITH RECURSIVE waiting(site_id) AS (
  (SELECT min(site_id) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL)
  UNION ALL
  SELECT (SELECT min(site_id) FROM deliveries
          WHERE state = 'pending' AND due_at IS NOT NULL AND site_id > waiting.site_id)
  FROM waiting WHERE waiting.site_id IS NOT NULL
)`

/**
 * The sites with deliveries due and an endpoint that may be tried, those with the fewest in flight first, then the longest
 * waiting: so a backlog keeps nobody else from their turn. `retrying` of what is in flight is no first try.
 */
const readySites = (among: SQL) =>
  prepared((db) =>
    db
      .select({
        siteId: sql<string>`"siteId"`,
        busy: sql`busy`.mapWith(Number),
        slots: sql`slots`.mapWith(Number),
        retrying: sql`retrying`.mapWith(Number),
      })
      .from(
        sql`(
${among}, ready AS (
  SELECT sites.id AS "siteId",
    (SELECT min(due_at) FROM deliveries
     WHERE state = 'pending' AND due_at IS NOT NULL AND site_id = sites.id) AS first_due,
    CASE WHEN endpoints.streak > 0 THEN 1
         ELSE coalesce(endpoints.concurrency, ${triesAtOnce}) END AS slots,
    flight.busy, flight.retrying
  FROM waiting
  JOIN sites ON sites.id = waiting.site_id
  JOIN tenants ON tenants.id = sites.tenant_id AND tenants.disabled_at IS NULL
  LEFT JOIN endpoints ON endpoints.site_id = sites.id
  CROSS JOIN LATERAL (
    SELECT count(*) AS busy, count(first_ended_at) AS retrying FROM deliveries
    WHERE claimed_until IS NOT NULL AND claimed_until > ${given('at')} AND site_id = sites.id) AS flight
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL
    AND endpoints.disabled_at IS NULL AND coalesce(endpoints.hold_until, 0) <= ${given('at')}
)
SELECT "siteId", busy, slots, retrying FROM ready
WHERE first_due <= ${given('at')} AND busy < slots
  AND ${isNow(given('at'))}
ORDER BY busy, first_due LIMIT ${given('limit')}) AS ready`,
      ),
  )

const readyOfAll = readySites(waiting)
const readyAmong = readySites(
  sql`WITH waiting AS (SELECT unnest(${given('ids')}::text[]) AS site_id)`,
)

/** So many times as many sites are looked at as one claim can serve: other members may have the first of them. */
const aside = 8

/** The first of these sites that nobody else has; or the first of all, in an order that all keep who wait for them. */
const lockSites = (
  db: Db,
  ids: readonly string[],
  { limit, waits }: { limit: number; waits: boolean },
) =>
  db.execute<{ id: string }>(sql`
SELECT sites.id FROM unnest(${sql.param(waits ? ids.slice(0, limit) : ids)}::text[]) WITH ORDINALITY AS wanted(id, nth)
JOIN sites USING (id) ORDER BY ${waits ? sql`sites.id` : sql`nth`} LIMIT ${limit}
FOR NO KEY UPDATE OF sites ${waits ? sql`` : sql`SKIP LOCKED`}`)

/**
 * Claims what is due and reads it. Whose turn it is, is decided for sites that no other member claims of at this moment; how
 * many of theirs are in flight is counted once they are locked, so that all members together stay within their slots.
 */
export async function claimShares(
  { run, transaction }: Tools,
  { limit, spreadAfter, ...claim }: Claim,
): Promise<ClaimedDelivery[]> {
  const { at } = claim
  // Looked at first without a lock: most of the time there is nothing to do.
  const candidates = await run((db) => readyOfAll(db).execute({ at, limit: limit * aside }))
  if (candidates.length === 0) return []
  const ids = candidates.map(({ siteId }) => siteId)
  const claimOf = ({ waits }: { waits: boolean }) =>
    transaction(
      async (db) => {
        const locking = lockSites(db, ids, { limit, waits }).execute()
        const look = (among: readonly string[]) => readyAmong(db).execute({ at, limit, ids: among })
        // Who wants all of them need not hear first which it got.
        const looking =
          ids.length <= limit
            ? look(ids)
            : locking.then(({ rows }) => look(rows.map(({ id }) => id)))
        const [locked, ready] = await Promise.all([locking, looking])
        const mine = new Set(locked.rows.map(({ id }) => id))
        const shares = sharesOf(
          ready.filter(({ siteId }) => mine.has(siteId)),
          { limit, spreadAfter },
        )
        return shares.length === 0 ? [] : read(db, taking(shares, claim))
      },
      waits ? 'impatient' : 'patient',
    )
  const claimed = await claimOf({ waits: false })
  if (claimed.length > 0) return claimed
  // Only who would go away with nothing waits for the others, and not for long: they may leave some.
  return claimOf({ waits: true }).catch((error: unknown) => {
    if (error instanceof StoreBusyError && !(error instanceof StoreAwayError)) return []
    throw error
  })
}

/** Claims the delivery of one event and reads it, whosever turn it is. */
export const claimOne = (
  { transaction }: Tools,
  eventId: string,
  { by, at, leaseUntil }: Omit<Claim, 'limit' | 'spreadAfter'>,
): Promise<ClaimedDelivery | undefined> =>
  transaction(async (db) => {
    const taken = sql`
UPDATE deliveries SET attempts = attempts + 1, due_at = ${leaseUntil},
  claimed_until = ${leaseUntil}, claimed_by = ${by}
WHERE event_seq = (SELECT seq FROM events WHERE id = ${eventId})
  AND state = 'pending' AND (claimed_until IS NULL OR claimed_until <= ${at}) AND ${isNow(at)}
RETURNING id, attempts, schedule_from, event_seq, site_id, 1 AS nth, 1 AS turn, due_at`
    const [claim] = await read(db, taken)
    return claim
  })

/** Claims what the statement takes, with all that a try needs, in the order it is taken in. */
async function read(db: Db, taking: SQL): Promise<ClaimedDelivery[]> {
  const { id, attempts, scheduleFrom, eventSeq, siteId, dueAt } = deliveries
  const [nth, turn] = [sql`nth`.as('nth'), sql`turn`.as('turn')]
  const columns = { id, attempts, scheduleFrom, eventSeq, siteId, nth, turn, dueAt }
  const taken = db.$with('taken', columns).as(taking)
  const rows = await db
    .with(taken)
    .select({
      id: taken.id,
      attempt: taken.attempts,
      scheduleFrom: taken.scheduleFrom,
      event: { id: events.id, type: events.type, body: events.body },
      site: {
        id: sites.id,
        name: sites.name,
        tenantId: sites.tenantId,
        webhookUrl: sites.webhookUrl,
        webhookSecret: sites.webhookSecret,
      },
      allowedTargets: endpoints.allowedTargets,
      previousSecret: endpoints.previousSecret,
      previousSecretUntil: endpoints.previousSecretUntil,
    })
    .from(taken)
    .innerJoin(events, eq(events.seq, taken.eventSeq))
    .innerJoin(sites, eq(sites.id, taken.siteId))
    .leftJoin(endpoints, eq(endpoints.siteId, taken.siteId))
    .orderBy(taken.nth, taken.turn, asc(taken.dueAt), asc(taken.eventSeq))
  return rows.map(({ scheduleFrom, site, ...rest }) => ({
    ...rest,
    tryNumber: rest.attempt - scheduleFrom,
    site: { ...site, webhookUrl: site.webhookUrl! },
    allowedTargets: rest.allowedTargets ?? [],
  }))
}

/** Of each site the oldest, then those never tried, then the others, up to its share. */
const taking = (
  shares: readonly Share[],
  { by, at, leaseUntil }: Omit<Claim, 'limit' | 'spreadAfter'>,
) => {
  const isDue = sql`state = 'pending' AND due_at IS NOT NULL AND due_at <= ${at}`
  const some = (turn: SQL, most: SQL, which = sql``) => sql`
    (SELECT id, due_at, event_seq, ${turn} AS turn FROM deliveries
     WHERE site_id = wanted.site_id AND ${isDue} ${which}
     ORDER BY due_at, event_seq LIMIT ${most})`
  return sql`
WITH wanted AS (
  SELECT * FROM unnest(${sql.param(shares.map(({ siteId }) => siteId))}::text[],
                       ${sql.param(shares.map(({ limit }) => limit))}::bigint[],
                       ${sql.param(shares.map(({ oldest }) => oldest))}::bigint[])
    WITH ORDINALITY AS wanted(site_id, most, oldest, nth)
), due AS (
  SELECT wanted.nth, one.* FROM wanted CROSS JOIN LATERAL (
    SELECT id, min(turn) AS turn FROM (
      ${some(sql`1`, sql`wanted.oldest`)} UNION ALL
      ${some(sql`2`, sql`wanted.most`, sql`AND first_ended_at IS NULL`)} UNION ALL
      ${some(sql`3`, sql`wanted.most`)}) AS candidates
    GROUP BY id, due_at, event_seq ORDER BY min(turn), due_at, event_seq LIMIT wanted.most) AS one
), free AS (
  SELECT id, due_at, nth, turn FROM deliveries JOIN due USING (id)
  WHERE ${isDue} FOR NO KEY UPDATE OF deliveries SKIP LOCKED
)
UPDATE deliveries SET attempts = attempts + 1, due_at = ${leaseUntil},
  claimed_until = ${leaseUntil}, claimed_by = ${by}
FROM free WHERE deliveries.id = free.id
RETURNING deliveries.id, attempts, schedule_from, event_seq, site_id, nth, turn, free.due_at`
}
