import { and, asc, eq, isNull } from 'drizzle-orm'
import type { Site } from '../../ports/sites.ts'
import { takesWebhooks } from '../../rules/replay.ts'
import { firstDueAt } from '../../rules/try-outcome.ts'
import { deliveries } from '../schema/index.ts'
import type { Db } from '../tools.ts'

/**
 * The oldest delivery of a site and item whose first try is not over. With `lock` that try does not end before the
 * transaction does: what is put behind it is seen by whoever lets the next one go.
 */
export async function nextUntried(
  db: Db,
  { siteId, itemId }: { siteId: string; itemId: number | null },
  { lock } = { lock: false },
): Promise<string | undefined> {
  const oldest = db
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
  const [next] = await (lock ? oldest.for('share') : oldest)
  return next?.id
}

/**
 * Stores a delivery when its site wants any, inside a transaction that has its tenant's lock. It waits for the untried ones
 * before it.
 */
export async function insertDelivery(
  db: Db,
  site: Site,
  { at, ...event }: { id: string; eventSeq: number; itemId: number | null; at: number },
): Promise<void> {
  if (!takesWebhooks(site)) return
  const delivery = { ...event, siteId: site.id }
  const isBehind = (await nextUntried(db, delivery, { lock: true })) !== undefined
  const dueAt = firstDueAt(at, { isBehind })
  await db.insert(deliveries).values({ ...delivery, state: 'pending', dueAt, createdAt: at })
}
