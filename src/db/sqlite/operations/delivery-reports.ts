import { and, asc, desc, eq, gte, isNull, lt, sql, type SQL } from 'drizzle-orm'
import type { By } from '../../scope.ts'
import type {
  DeliveryCursor,
  DeliveryFilter,
  DeliveryReport,
  DeliveryStore,
  Replayed,
} from '../../ports/deliveries.ts'
import { nextTryAt } from '../../rules/next-try.ts'
import { replay } from '../../rules/replay.ts'
import { attempts, deliveries, endpoints, events, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'

type Db = Tools['db']

/** What the operator sees of deliveries, and may send again. */
export function deliveryReportOperations({
  db,
  read,
  write,
}: Pick<Tools, 'db' | 'read' | 'write'>): Pick<
  DeliveryStore,
  'listDeliveries' | 'findDeliveryReport' | 'replayEvents'
> {
  const reports = () =>
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

  const triesOf = (deliveryId: string | null) =>
    deliveryId === null
      ? []
      : db
          .select()
          .from(attempts)
          .where(eq(attempts.deliveryId, deliveryId))
          .orderBy(asc(attempts.number))
          .all()

  type Row = ReturnType<ReturnType<typeof reports>['all']>[number]
  const toReport = (row: Row, tries = triesOf(row.deliveryId)): DeliveryReport => {
    const last = tries.at(-1)
    return {
      cursor: { receivedAt: row.receivedAt, seq: row.seq },
      eventId: row.eventId,
      type: row.type,
      receivedAt: row.receivedAt,
      tenant: row.tenant,
      site: row.site,
      state: row.state ?? 'kept',
      tries: tries.length,
      lastStatus: last?.status ?? null,
      lastError: last?.error ?? null,
      dueAt: nextTryAt(row),
      settledAt: row.settledAt,
    }
  }

  return {
    listDeliveries: (filter, { first, after, limit }) =>
      read(() => {
        const turn = first === 'newest' ? desc : asc
        return reports()
          .where(and(...conditionsOf(filter), after && beyond(after, first)))
          .orderBy(turn(events.receivedAt), turn(events.seq))
          .limit(limit)
          .all()
          .map((row) => toReport(row))
      }),

    findDeliveryReport: (id) =>
      read(() => {
        const row = reports()
          .where(id.startsWith('dlv_') ? eq(deliveries.id, id) : eq(events.id, id))
          .get()
        if (!row) return undefined
        const tries = triesOf(row.deliveryId)
        return {
          ...toReport(row, tries),
          deliveryId: row.deliveryId,
          attempts: tries.map(({ number, startedAt, durationMs, status, error, response }) => ({
            number,
            startedAt,
            durationMs,
            status,
            error,
            response,
          })),
        }
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
        for (const [siteId, count] of bySite) note(db, siteId, count, by)
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
    stateIs(state),
  ]
}

function stateIs(state: DeliveryFilter['state']): SQL | undefined {
  if (state === undefined) return undefined
  // Written out, so that SQLite sees which partial index fits.
  return state === 'kept'
    ? isNull(deliveries.id)
    : sql`${deliveries.state} = ${sql.raw(`'${state}'`)}`
}

const beyond = ({ receivedAt, seq }: DeliveryCursor, first: 'newest' | 'oldest'): SQL =>
  first === 'newest'
    ? sql`(${events.receivedAt}, ${events.seq}) < (${receivedAt}, ${seq})`
    : sql`(${events.receivedAt}, ${events.seq}) > (${receivedAt}, ${seq})`

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

/** One row for each site and command, however many batches it takes. */
function note(db: Db, siteId: string, count: number, { actor, at }: By): void {
  const site = db.select().from(sites).where(eq(sites.id, siteId)).get()
  if (!site) return
  const { tenantId, name: subject } = site
  writeAudit(db, { at, actor, tenantId, action: 'webhook.replayed', subject, bucket: at, count })
}
