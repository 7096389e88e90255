import { and, count, eq, gte, isNotNull, isNull, max, sql, type SQL } from 'drizzle-orm'
import type { EndpointStore } from '../../ports/endpoints.ts'
import { joined } from '../../rules/recovery.ts'
import { attempts, deliveries, endpoints, events, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'
import { healthOf, reviveEndpoint } from './endpoint-health.ts'
import { countRecoverable, recoveryOf } from './recovery.ts'
import { isServed } from './sites.ts'

type Db = Tools['db']

/** Of some tries, how many got no 2xx. */
const failed =
  sql<number>`count(*) - count(CASE WHEN ${attempts.status} BETWEEN 200 AND 299 THEN 1 END)`.mapWith(
    Number,
  )

export function endpointOperations({ db, read, write }: Tools): EndpointStore {
  return {
    readEndpoint: (siteId) =>
      read(() => {
        const row = db
          .select({ allowedTargets: endpoints.allowedTargets })
          .from(endpoints)
          .where(eq(endpoints.siteId, siteId))
          .get()
        return { ...healthOf(db, siteId), allowedTargets: row?.allowedTargets ?? [] }
      }),

    async enableEndpoint(siteId, by) {
      // Counting may take long: it locks nobody out.
      const letGo = await read(() => ({
        waiting: countPending(db, siteId),
        recovering: countRecovering(db, siteId, by.at),
      }))
      await write(() => {
        noteOfSite(db, siteId, by, 'endpoint.enabled')
        reviveEndpoint(db, siteId, by.at)
      })
      return letGo
    },

    allowTargets: (siteId, cidrs, by) =>
      write(() => {
        const allowedTargets = [...cidrs]
        db.insert(endpoints)
          .values({ siteId, allowedTargets })
          .onConflictDoUpdate({ target: endpoints.siteId, set: { allowedTargets } })
          .run()
        noteOfSite(db, siteId, by, 'site.targets_allowed', {
          detail: { targets: allowedTargets },
        })
      }),

    lastDeliveries: () =>
      read(() => {
        const delivered = db
          .select({ siteId: deliveries.siteId, at: max(deliveries.settledAt) })
          .from(deliveries)
          .where(eq(deliveries.state, 'delivered'))
          .groupBy(deliveries.siteId)
          .all()
        return new Map(delivered.map(({ siteId, at }) => [siteId, at ?? 0]))
      }),

    deliveryRates: (since) =>
      read(() =>
        db
          .select({ tenant: tenants.name, site: sites.name, tries: count(), failed })
          .from(events)
          .innerJoin(deliveries, eq(deliveries.eventSeq, events.seq))
          .innerJoin(attempts, eq(attempts.deliveryId, deliveries.id))
          .innerJoin(sites, eq(sites.id, deliveries.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(gte(events.receivedAt, since))
          .groupBy(sites.id, tenants.name, sites.name)
          .orderBy(tenants.name, sites.name)
          .all(),
      ),

    listEndpoints: () =>
      read(() => {
        return db
          .select({ site: sites, tenant: tenants.name, endpoint: endpoints })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
          .where(and(isNotNull(sites.webhookUrl), isServed))
          .orderBy(tenants.name, sites.name)
          .all()
          .map(({ site: { id, name, tenantId, webhookUrl }, tenant, endpoint }) => ({
            site: { id, name, tenantId, tenant, webhookUrl: webhookUrl ?? '' },
            health: {
              failingSince: endpoint?.failingSince ?? null,
              disabledAt: endpoint?.disabledAt ?? null,
              disabledReason: endpoint?.disabledReason ?? null,
            },
            allowedTargets: endpoint?.allowedTargets ?? [],
          }))
      }),
  }
}

function countPending(db: Db, siteId: string): number {
  // Each is a stretch of an index of some rows alone.
  const isPending = and(eq(deliveries.siteId, siteId), sql`${deliveries.state} = 'pending'`)
  const counted = (which: SQL | undefined) =>
    db.select({ count: count() }).from(deliveries).where(and(isPending, which)).get()?.count ?? 0
  const isInOrder = and(isNull(deliveries.dueAt), isNull(deliveries.firstEndedAt))
  return counted(isNotNull(deliveries.dueAt)) + counted(isInOrder)
}

/** What died of the failures that are to be forgotten, and what is on its way back since a 2xx. */
function countRecovering(db: Db, siteId: string, until: number): number {
  const { failingSince: since } = healthOf(db, siteId)
  const noted = recoveryOf(db, siteId)
  const span = since === null ? noted : joined(noted, { since, until })
  return span ? countRecoverable(db, siteId, span) : 0
}
