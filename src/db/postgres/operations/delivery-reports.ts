import { asc, count, desc, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import {
  mostTries,
  type Attempt,
  type DeliveryStore,
  type Replayed,
} from '../../ports/deliveries.ts'
import { replay } from '../../rules/replay.ts'
import { attempts, deliveries, events, sites } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'

/** The last tries of deliveries, in their order; a claim that was given back is none. */
export async function triesOf(db: Db, ids: readonly string[]): Promise<Map<string, Attempt[]>> {
  if (ids.length === 0) return new Map()
  const last = db
    .select()
    .from(attempts)
    .where(eq(attempts.deliveryId, deliveries.id))
    .orderBy(desc(attempts.number))
    .limit(mostTries)
    .as('last')
  const { deliveryId, number, startedAt, durationMs, status, error, response } = last
  const rows = await db
    .select({ deliveryId, number, startedAt, durationMs, status, error, response })
    .from(deliveries)
    .innerJoinLateral(last, sql`true`)
    .where(inArray(deliveries.id, [...ids]))
    .orderBy(asc(number))
  const byDelivery = Map.groupBy(rows, (row) => row.deliveryId)
  const cut = [...byDelivery].flatMap(([id, own]) => (own.length < mostTries ? [] : id))
  const counted = await countTries(db, cut)
  return new Map(
    [...byDelivery].map(([id, own]) => {
      const before = (counted.get(id) ?? own.length) - own.length
      const tries = own.map(({ deliveryId: _delivery, ...one }, nth) => {
        return { ...one, number: before + nth + 1 }
      })
      return [id, tries]
    }),
  )
}

async function countTries(db: Db, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select({ id: attempts.deliveryId, count: count() })
    .from(attempts)
    .where(inArray(attempts.deliveryId, [...ids]))
    .groupBy(attempts.deliveryId)
  return new Map(rows.map((row) => [row.id, row.count]))
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
