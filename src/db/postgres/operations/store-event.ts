import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { NewEvent } from '../../ports/events.ts'
import { firstDueAt } from '../../rules/try-outcome.ts'
import { deliveries, events } from '../schema/index.ts'
import type { Db } from '../tools.ts'
import { lockTenantOf } from './locks.ts'

/** The oldest delivery of a site and item whose first try is not over. */
export const nextUntried = (
  db: Db,
  { siteId, itemId }: { siteId: string; itemId: number | null },
) =>
  db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.siteId, siteId),
        itemId === null ? isNull(deliveries.itemId) : eq(deliveries.itemId, itemId),
        isNull(deliveries.firstEndedAt),
      ),
    )
    .orderBy(asc(deliveries.eventSeq))
    .limit(1)

/**
 * The statements that store an event and the delivery to its site, to be sent together, as the last thing a transaction does.
 * Events of a tenant are numbered under its lock: whoever comes later has the greater number, and sees what came before, the
 * site as it is by then included. The answer of the last one is `isStored`'s.
 */
export const storing = (db: Db, event: NewEvent) => {
  const { deliveryId, ...row } = event
  const stored = db
    .insert(events)
    .values(row)
    .onConflictDoNothing({ target: events.dedupeKey })
    .returning({ seq: events.seq })
  const { siteId, itemId, receivedAt: at } = event
  if (siteId === null) return [db.execute(stored)] as const
  // The try that is waited for does not end meanwhile: what is put behind it is seen by whoever lets the next one go.
  const untried = nextUntried(db, { siteId, itemId }).for('share')
  const dueAt = (isBehind: boolean) => sql`${firstDueAt(at, { isBehind })}::bigint`
  const withDelivery = sql`
WITH stored AS ${stored}, untried AS ${untried}, delivery AS (
  INSERT INTO deliveries (id, event_seq, site_id, item_id, state, due_at, created_at)
  SELECT ${deliveryId}, stored.seq, sites.id, ${itemId}::bigint, 'pending',
    CASE WHEN EXISTS (SELECT 1 FROM untried) THEN ${dueAt(true)} ELSE ${dueAt(false)} END, ${at}::bigint
  FROM stored, sites
  WHERE sites.id = ${siteId} AND sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL
)
SELECT seq FROM stored`
  return [lockTenantOf(db, siteId), db.execute(withDelivery)] as const
}

/** Whether it was not there already. */
export const isStored = (answers: readonly unknown[]): boolean =>
  (answers.at(-1) as { rows: unknown[] }).rows.length > 0

/** Stores an event and the delivery to its site, inside the transaction at hand, as the last thing it does. */
export async function insertEvent(db: Db, event: NewEvent): Promise<void> {
  await Promise.all(storing(db, event).map((one) => one.execute()))
}
