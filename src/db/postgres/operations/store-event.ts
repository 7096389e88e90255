import { inArray, sql, type SQL } from 'drizzle-orm'
import type { NewEvent } from '../../ports/events.ts'
import { firstDueAt } from '../../rules/try-outcome.ts'
import { sites, tenants } from '../schema/index.ts'
import { tableOf, type Db } from '../tools.ts'

/** The oldest delivery of a `pair`, a site and an item or none, whose first try is not over. */
const oldestUntried = (isOfItem: SQL) => sql`
  SELECT id FROM deliveries
  WHERE site_id = pair."siteId" AND ${isOfItem} AND first_ended_at IS NULL
  ORDER BY event_seq LIMIT 1`

/**
 * For each pair of a site and an item, its oldest untried delivery, if it has one; in the order of the pairs. Two queries, for
 * a single condition ("the same item, or both without one") could not use the index.
 */
export const untriedOf = (pairs: SQL, lock = sql``) => sql`
  SELECT pair.*, untried.id FROM ${pairs} CROSS JOIN LATERAL (
    SELECT id FROM (${oldestUntried(sql`item_id = pair."itemId"`)} ${lock}) AS of_item
    UNION ALL
    SELECT id FROM (${oldestUntried(sql`item_id IS NULL AND pair."itemId" IS NULL`)} ${lock}) AS of_none) AS untried`

/**
 * The statements that store events and the deliveries to their sites, to be sent together, as the last thing a transaction
 * does. Events of a tenant are numbered under its lock: whoever comes later has the greater number, and sees what came before,
 * the site as it is by then included. The answer of the last one is `newOf`'s.
 */
export const storing = (db: Db, all: readonly NewEvent[]) => {
  const rows = all.map((event) => ({
    ...event,
    formerKey: event.formerKey ?? null,
    dueFirst: firstDueAt(event.receivedAt, { isBehind: false }),
    dueBehind: firstDueAt(event.receivedAt, { isBehind: true }),
  }))
  const given = tableOf('given', rows, {
    id: 'text',
    deliveryId: 'text',
    dedupeKey: 'text',
    formerKey: 'text',
    type: 'text',
    userId: 'text',
    siteId: 'text',
    itemId: 'bigint',
    body: 'bytea',
    occurredAt: 'bigint',
    receivedAt: 'bigint',
    handledAt: 'bigint',
    dueFirst: 'bigint',
    dueBehind: 'bigint',
  })
  // The try that is waited for does not end meanwhile: what is put behind it is seen by whoever lets the next one go. One that
  // waits itself, though nothing is before it, was left behind by a version that forgot it, and goes now.
  const stored = db.execute<{ id: string }>(sql`
WITH given AS (SELECT * FROM ${given}), stored AS (
  INSERT INTO events (id, dedupe_key, type, user_id, site_id, item_id, body, occurred_at, received_at, handled_at)
  SELECT id, "dedupeKey", type, "userId", "siteId", "itemId", body, "occurredAt", "receivedAt", "handledAt"
  FROM given WHERE NOT EXISTS (SELECT FROM events WHERE dedupe_key = "formerKey") ORDER BY nth
  ON CONFLICT (dedupe_key) DO NOTHING RETURNING seq, id, site_id, item_id
), pair AS (
  SELECT "siteId", "itemId", min("dueFirst") AS at FROM given GROUP BY 1, 2 ORDER BY 1, 2
), untried AS (${untriedOf(sql`pair`, sql`FOR SHARE`)}), found AS (
  UPDATE deliveries SET due_at = untried.at FROM untried WHERE deliveries.id = untried.id AND due_at IS NULL
), numbered AS (
  SELECT stored.*, row_number() OVER (PARTITION BY site_id, item_id ORDER BY seq) > 1 OR EXISTS (
    SELECT FROM untried WHERE "siteId" = site_id AND "itemId" IS NOT DISTINCT FROM item_id) AS is_behind
  FROM stored
), delivery AS (
  INSERT INTO deliveries (id, event_seq, site_id, item_id, state, due_at, created_at)
  SELECT given."deliveryId", seq, sites.id, item_id, 'pending',
    CASE WHEN is_behind THEN "dueBehind" ELSE "dueFirst" END, "receivedAt"
  FROM numbered JOIN given USING (id) JOIN sites ON sites.id = numbered.site_id
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL
)
SELECT id FROM stored`)
  const siteIds = [...new Set(all.map(({ siteId }) => siteId))]
  const owners = db.select({ id: sites.tenantId }).from(sites).where(inArray(sites.id, siteIds))
  const locked = db
    .select({ id: tenants.id })
    .from(tenants)
    .where(inArray(tenants.id, owners))
    .orderBy(tenants.id)
    .for('no key update')
  return [locked, stored] as const
}

/** Which events were not there already. */
export const newOf = (answers: readonly [unknown, { rows: { id: string }[] }]): Set<string> =>
  new Set(answers[1].rows.map(({ id }) => id))

/** Stores an event and the delivery to its site, inside the transaction at hand, as the last thing it does. */
export async function insertEvent(db: Db, event: NewEvent): Promise<void> {
  await Promise.all(storing(db, [event]).map((one) => one.execute()))
}
