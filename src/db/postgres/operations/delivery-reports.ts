import { asc, eq, inArray, isNotNull } from 'drizzle-orm'
import type { Attempt, DeliveryStore, Replayed } from '../../ports/deliveries.ts'
import { replay } from '../../rules/replay.ts'
import { attempts, deliveries, events, sites } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'

/** The tries of deliveries, in their order; a claim that was given back is none. */
export async function triesOf(db: Db, ids: readonly string[]): Promise<Map<string, Attempt[]>> {
  const rows =
    ids.length === 0
      ? []
      : await db
          .select()
          .from(attempts)
          .where(inArray(attempts.deliveryId, [...ids]))
          .orderBy(asc(attempts.number))
  const tries = new Map<string, Attempt[]>()
  for (const { id: _id, deliveryId, ...one } of rows) {
    const own = tries.get(deliveryId) ?? []
    tries.set(deliveryId, [...own, { ...one, number: own.length + 1 }])
  }
  return tries
}

/** What the operator sees of a delivery, and may send again. */
export function deliveryReportOperations({
  run,
  transaction,
}: Tools): Pick<DeliveryStore, 'findDelivery' | 'replayEvents'> {
  return {
    findDelivery: (id) =>
      run(async (db) => {
        const [found] = await db
          .select({ delivery: deliveries })
          .from(deliveries)
          .innerJoin(events, eq(events.seq, deliveries.eventSeq))
          .where(id.startsWith('dlv_') ? eq(deliveries.id, id) : eq(events.id, id))
        if (!found) return undefined
        const { delivery } = found
        return { ...delivery, tries: (await triesOf(db, [delivery.id])).get(delivery.id) ?? [] }
      }),

    replayEvents: (eventIds, newId, by) =>
      transaction(async (db) => {
        const sum: Replayed = { replayed: 0, underway: 0, impossible: 0 }
        const bySite = new Map<string, number>()
        for (const id of eventIds) {
          const { became, siteId } = await replayEvent(db, id, newId, by.at)
          sum[became] += 1
          if (became === 'replayed') bySite.set(siteId, (bySite.get(siteId) ?? 0) + 1)
        }
        // One row for each site and command, however many batches it takes.
        for (const [siteId, count] of bySite) {
          await noteOfSite(db, siteId, by, 'webhook.replayed', { bucket: by.at, count })
        }
        return sum
      }),
  }
}

async function replayEvent(
  db: Db,
  eventId: string,
  newId: () => string,
  at: number,
): Promise<{ became: keyof Replayed; siteId: string }> {
  // Its body is not forgotten meanwhile, and nobody else sends it again.
  const [event] = await db
    .select({
      seq: events.seq,
      itemId: events.itemId,
      siteId: events.siteId,
      hasBody: isNotNull(events.body).mapWith(Boolean),
    })
    .from(events)
    .where(eq(events.id, eventId))
    .for('no key update')
  const [site] = await db
    .select()
    .from(sites)
    .where(eq(sites.id, event?.siteId ?? ''))
  if (!event || !site) return { became: 'impossible', siteId: '' }
  const { seq, itemId, hasBody } = event
  const [delivery = null] = await db
    .select()
    .from(deliveries)
    .where(eq(deliveries.eventSeq, seq))
    .for('no key update')
  const { became, change } = replay({ hasBody, delivery }, site, at)
  if (change && delivery) {
    await db.update(deliveries).set(change).where(eq(deliveries.id, delivery.id))
  } else if (change) {
    const made = { id: newId(), eventSeq: seq, siteId: site.id, itemId, createdAt: at }
    await db.insert(deliveries).values({ ...made, ...change })
  }
  return { became, siteId: site.id }
}
