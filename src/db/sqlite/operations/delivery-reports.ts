import { count, desc, eq, sql } from 'drizzle-orm'
import {
  mostTries,
  type Attempt,
  type DeliveryStore,
  type Replayed,
} from '../../ports/deliveries.ts'
import { replay } from '../../rules/replay.ts'
import { attempts, deliveries, events, sites } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'

type Db = Tools['db']

/** The last tries of a delivery, in their order; a claim that was given back is none. */
export function triesOf(db: Db, deliveryId: string): Attempt[] {
  const isOfIt = eq(attempts.deliveryId, deliveryId)
  const last = db
    .select()
    .from(attempts)
    .where(isOfIt)
    .orderBy(desc(attempts.number))
    .limit(mostTries)
    .all()
  const all =
    last.length < mostTries
      ? last.length
      : db.select({ count: count() }).from(attempts).where(isOfIt).get()!.count
  return last
    .map(({ id: _id, deliveryId: _delivery, ...one }, nth) => ({ ...one, number: all - nth }))
    .toReversed()
}

/** What the operator sees of a delivery, and may send again. */
export function deliveryReportOperations({
  db,
  read,
  write,
}: Pick<Tools, 'db' | 'read' | 'write'>): Pick<DeliveryStore, 'findDelivery' | 'replayEvents'> {
  return {
    findDelivery: (id) =>
      read(() => {
        const found = db
          .select({ delivery: deliveries })
          .from(deliveries)
          .innerJoin(events, eq(events.seq, deliveries.eventSeq))
          .where(id.startsWith('dlv_') ? eq(deliveries.id, id) : eq(events.id, id))
          .get()
        return found && { ...found.delivery, tries: triesOf(db, found.delivery.id) }
      }),

    replayEvents: (eventIds, newId, by) =>
      write(() => {
        const sum: Replayed = { replayed: 0, underway: 0, impossible: 0 }
        const bySite = new Map<string, number>()
        for (const id of eventIds) {
          const { became, siteId } = replayEvent(db, id, newId, by.at)
          sum[became] += 1
          if (became === 'replayed') bySite.set(siteId, (bySite.get(siteId) ?? 0) + 1)
        }
        // One row for each site and command, however many batches it takes.
        for (const [siteId, count] of bySite) {
          noteOfSite(db, siteId, by, 'webhook.replayed', { bucket: by.at, count })
        }
        return sum
      }),
  }
}

function replayEvent(
  db: Db,
  eventId: string,
  newId: () => string,
  at: number,
): { became: keyof Replayed; siteId: string } {
  const found = db
    .select({
      seq: events.seq,
      itemId: events.itemId,
      hasBody: sql<number>`${events.body} IS NOT NULL`,
      site: sites,
      delivery: deliveries,
    })
    .from(events)
    .innerJoin(sites, eq(sites.id, events.siteId))
    .leftJoin(deliveries, eq(deliveries.eventSeq, events.seq))
    .where(eq(events.id, eventId))
    .get()
  if (!found) return { became: 'impossible', siteId: '' }
  const { seq, itemId, site, delivery } = found
  const siteId = site.id
  const { became, change } = replay({ hasBody: found.hasBody === 1, delivery }, site, at)
  if (change && delivery) {
    db.update(deliveries).set(change).where(eq(deliveries.id, delivery.id)).run()
  } else if (change) {
    const made = { id: newId(), eventSeq: seq, siteId, itemId, createdAt: at }
    db.insert(deliveries)
      .values({ ...made, ...change })
      .run()
  }
  return { became, siteId }
}
