import { and, asc, desc, eq, gte, inArray, isNotNull, isNull, lt, sql, type SQL } from 'drizzle-orm'
import type {
  Attempt,
  DeliveryCursor,
  DeliveryFilter,
  DeliveryReport,
  DeliveryStore,
  Replayed,
} from '../../ports/deliveries.ts'
import type { By } from '../../scope.ts'
import { nextTryAt } from '../../rules/next-try.ts'
import { replay } from '../../rules/replay.ts'
import { attempts, deliveries, endpoints, events, sites, tenants } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'

const reports = (db: Db) =>
  db
    .select({
      seq: events.seq,
      eventId: events.id,
      type: events.type,
      receivedAt: events.receivedAt,
      tenant: tenants.name,
      site: sites.name,
      deliveryId: deliveries.id,
      state: deliveries.state,
      dueAt: deliveries.dueAt,
      holdUntil: endpoints.holdUntil,
      endpointDisabledAt: endpoints.disabledAt,
      tenantDisabledAt: tenants.disabledAt,
      siteRemovedAt: sites.removedAt,
      settledAt: deliveries.settledAt,
    })
    .from(events)
    .innerJoin(sites, eq(sites.id, events.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))
    .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
    .leftJoin(deliveries, eq(deliveries.eventSeq, events.seq))

/** The tries of deliveries, in their order. */
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
    const own = tries.get(deliveryId)
    if (own) own.push(one)
    else tries.set(deliveryId, [one])
  }
  return tries
}

type Row = Awaited<ReturnType<typeof reports>>[number]

const toReport = (row: Row, tries: readonly Attempt[]): DeliveryReport => ({
  cursor: { receivedAt: row.receivedAt, seq: row.seq },
  eventId: row.eventId,
  type: row.type,
  receivedAt: row.receivedAt,
  tenant: row.tenant,
  site: row.site,
  state: row.state ?? 'kept',
  tries: tries.length,
  lastStatus: tries.at(-1)?.status ?? null,
  lastError: tries.at(-1)?.error ?? null,
  dueAt: nextTryAt(row),
  settledAt: row.settledAt,
})

/** What the operator sees of deliveries, and may send again. */
export function deliveryReportOperations({
  run,
  transaction,
}: Tools): Pick<DeliveryStore, 'listDeliveries' | 'findDeliveryReport' | 'replayEvents'> {
  return {
    listDeliveries: (filter, { first, after, limit }) =>
      run(async (db) => {
        const turn = first === 'newest' ? desc : asc
        const rows = await reports(db)
          .where(and(...conditionsOf(filter), after && beyond(after, first)))
          .orderBy(turn(events.receivedAt), turn(events.seq))
          .limit(limit)
        const tries = await triesOf(
          db,
          rows.flatMap(({ deliveryId }) => deliveryId ?? []),
        )
        return rows.map((row) => toReport(row, tries.get(row.deliveryId ?? '') ?? []))
      }),

    findDeliveryReport: (id) =>
      run(async (db) => {
        const isIt = id.startsWith('dlv_') ? eq(deliveries.id, id) : eq(events.id, id)
        const [row] = await reports(db).where(isIt)
        if (!row) return undefined
        const { deliveryId } = row
        const tries =
          deliveryId === null ? [] : ((await triesOf(db, [deliveryId])).get(deliveryId) ?? [])
        return { ...toReport(row, tries), deliveryId, attempts: tries }
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
        for (const [siteId, count] of bySite) await note(db, siteId, count, by)
        return sum
      }),
  }
}

const conditionsOf = (filter: DeliveryFilter): (SQL | undefined)[] => {
  const { tenantId, siteId, type, state, since, until } = filter
  return [
    tenantId === undefined ? undefined : eq(sites.tenantId, tenantId),
    siteId === undefined ? undefined : eq(events.siteId, siteId),
    type === undefined ? undefined : eq(events.type, type),
    since === undefined ? undefined : gte(events.receivedAt, since),
    until === undefined ? undefined : lt(events.receivedAt, until),
    state === undefined
      ? undefined
      : state === 'kept'
        ? isNull(deliveries.id)
        : eq(deliveries.state, state),
  ]
}

const beyond = ({ receivedAt, seq }: DeliveryCursor, first: 'newest' | 'oldest'): SQL =>
  first === 'newest'
    ? sql`(${events.receivedAt}, ${events.seq}) < (${receivedAt}, ${seq})`
    : sql`(${events.receivedAt}, ${events.seq}) > (${receivedAt}, ${seq})`

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

/** One row for each site and command, however many batches it takes. */
async function note(db: Db, siteId: string, count: number, { actor, at }: By): Promise<void> {
  const [site] = await db.select().from(sites).where(eq(sites.id, siteId))
  if (!site) return
  const { tenantId, name: subject } = site
  const entry = { at, actor, tenantId, action: 'webhook.replayed', subject, bucket: at, count }
  await writeAudit(db, entry)
}
