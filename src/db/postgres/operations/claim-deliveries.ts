import { inArray, sql, type SQL } from 'drizzle-orm'
import { sharesOf, type Ready, type Share } from '../../rules/claim-shares.ts'
import { triesAtOnce } from '../../rules/endpoint-health.ts'
import { sites } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'

interface Claim {
  by: string
  at: number
  leaseUntil: number
  limit: number
  spreadAfter: number
}

/** Sites with anything due, read off the index one after the other. */
const waiting = sql`
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
const readySites = (at: number, limit: number, which: SQL = sql`true`) => sql`
${waiting}, ready AS (
  SELECT sites.id AS "siteId",
    (SELECT min(due_at) FROM deliveries
     WHERE state = 'pending' AND due_at IS NOT NULL AND site_id = sites.id) AS first_due,
    CASE WHEN endpoints.streak > 0 THEN 1
         ELSE coalesce(endpoints.concurrency, ${triesAtOnce}) END AS places,
    flight.busy, flight.retrying
  FROM waiting
  JOIN sites ON sites.id = waiting.site_id
  JOIN tenants ON tenants.id = sites.tenant_id AND tenants.disabled_at IS NULL
  LEFT JOIN endpoints ON endpoints.site_id = sites.id
  CROSS JOIN LATERAL (
    SELECT count(*) AS busy, count(first_ended_at) AS retrying FROM deliveries
    WHERE claimed_until IS NOT NULL AND claimed_until > ${at} AND site_id = sites.id) AS flight
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL AND ${which}
    AND endpoints.disabled_at IS NULL AND coalesce(endpoints.hold_until, 0) <= ${at}
)
SELECT "siteId", busy, places, retrying FROM ready
WHERE first_due <= ${at} AND busy < places ORDER BY busy, first_due LIMIT ${limit}`

async function readReady(db: Db, at: number, limit: number, which?: SQL): Promise<Ready[]> {
  const { rows } = await db.execute<Record<keyof Ready, string>>(readySites(at, limit, which))
  return rows.map(({ siteId, busy, places, retrying }) => ({
    siteId,
    busy: Number(busy),
    places: Number(places),
    retrying: Number(retrying),
  }))
}

/**
 * Claims what is due and reads it. Whose turn it is, is decided for sites that no other member claims of at this moment; how
 * many of theirs are in flight is counted once they are locked, so that all members together stay within their places.
 */
export async function claimShares<T>(
  { run, transaction }: Tools,
  { limit, spreadAfter, ...claim }: Claim,
  read: (db: Db, ids: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const { at } = claim
  // Looked at first without a lock: most of the time there is nothing to do.
  const candidates = await run((db) => readReady(db, at, limit))
  if (candidates.length === 0) return []
  const ids = candidates.map(({ siteId }) => siteId)
  const claimOf = (lock: { skipLocked?: true }) =>
    transaction(async (db) => {
      const locked = await db
        .select({ id: sites.id })
        .from(sites)
        .where(inArray(sites.id, ids))
        .orderBy(sites.id)
        .for('no key update', lock)
      if (locked.length === 0) return []
      const mine = locked.map(({ id }) => id)
      const ready = await readReady(db, at, limit, inArray(sites.id, mine))
      return read(db, await take(db, sharesOf(ready, { limit, spreadAfter }), claim))
    })
  // Only who would go away with nothing waits for the others: they may leave some.
  const claimed = await claimOf({ skipLocked: true })
  return claimed.length > 0 ? claimed : claimOf({})
}

/** Takes each site's share: of the oldest, then of those never tried, then of the others. */
async function take(
  db: Db,
  shares: readonly Share[],
  claim: Omit<Claim, 'limit' | 'spreadAfter'>,
): Promise<string[]> {
  const taken = new Map<string, string[]>(shares.map(({ siteId }) => [siteId, []]))
  const takeUpTo = async (limitOf: (share: Share) => number, which = sql``) => {
    const wanted = shares
      .map((share) => ({ siteId: share.siteId, limit: limitOf(share) }))
      .filter(({ limit }) => limit > 0)
    if (wanted.length === 0) return
    const { rows } = await db.execute<{ id: string; site_id: string }>(taking(wanted, claim, which))
    for (const row of rows) taken.get(row.site_id)?.push(row.id)
  }
  const left = ({ siteId, limit }: Share) => limit - taken.get(siteId)!.length
  await takeUpTo(({ oldest }) => oldest)
  await takeUpTo(left, sql`AND first_ended_at IS NULL`)
  await takeUpTo(left)
  return [...taken.values()].flat()
}

const taking = (
  wanted: readonly { siteId: string; limit: number }[],
  { by, at, leaseUntil }: Omit<Claim, 'limit' | 'spreadAfter'>,
  which: SQL,
) => sql`
WITH wanted AS (
  SELECT * FROM unnest(${sql.param(wanted.map(({ siteId }) => siteId))}::text[],
                       ${sql.param(wanted.map(({ limit }) => limit))}::bigint[]) AS wanted(site_id, most)
), due AS (
  SELECT one.* FROM wanted CROSS JOIN LATERAL (
    SELECT id, due_at, event_seq FROM deliveries
    WHERE state = 'pending' AND due_at IS NOT NULL ${which}
      AND site_id = wanted.site_id AND due_at <= ${at}
    ORDER BY due_at, event_seq LIMIT wanted.most FOR NO KEY UPDATE SKIP LOCKED) AS one
), taken AS (
  UPDATE deliveries SET attempts = attempts + 1, due_at = ${leaseUntil},
    claimed_until = ${leaseUntil}, claimed_by = ${by}
  FROM due WHERE deliveries.id = due.id
  RETURNING deliveries.id, site_id, due.due_at AS was_due_at, deliveries.event_seq
)
SELECT id, site_id FROM taken ORDER BY was_due_at, event_seq`
