import { and, count, eq, gte, isNotNull, isNull, max, sql } from 'drizzle-orm'
import type { EndpointStore } from '../../ports/endpoints.ts'
import { healthy } from '../../rules/endpoint-health.ts'
import { joined } from '../../rules/recovery.ts'
import { attempts, deliveries, endpoints, events, sites, tenants } from '../schema/index.ts'
import { first, type Db, type Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'
import { health, healthOf, reviveEndpoint } from './endpoint-health.ts'
import { countRecoverable, recoveryOf } from './recovery.ts'
import { isServed } from './sites.ts'

/** Of some tries, how many got no 2xx. */
const failed =
  sql<number>`count(*) - count(CASE WHEN ${attempts.status} BETWEEN 200 AND 299 THEN 1 END)`.mapWith(
    Number,
  )

export function endpointOperations({ run, transaction }: Tools): EndpointStore {
  return {
    readEndpoint: (siteId) =>
      run(async (db) => {
        const known = { ...health, allowedTargets: endpoints.allowedTargets }
        const its = db.select(known).from(endpoints).where(eq(endpoints.siteId, siteId))
        return (await first(its)) ?? { ...healthy, allowedTargets: [] }
      }),

    async enableEndpoint(siteId, by) {
      // Counting may take long: it locks nobody out.
      const letGo = await run(async (db) => ({
        waiting: await countPending(db, siteId),
        recovering: await countRecovering(db, siteId, by.at),
      }))
      await transaction(async (db) => {
        await reviveEndpoint(db, siteId, by.at)
        await noteOfSite(db, siteId, by, 'endpoint.enabled')
      })
      return letGo
    },

    allowTargets: (siteId, cidrs, by) =>
      transaction(async (db) => {
        const allowedTargets = [...cidrs]
        await db
          .insert(endpoints)
          .values({ siteId, allowedTargets })
          .onConflictDoUpdate({ target: endpoints.siteId, set: { allowedTargets } })
        await noteOfSite(db, siteId, by, 'site.targets_allowed', {
          detail: { targets: allowedTargets },
        })
      }),

    lastDeliveries: () =>
      run(async (db) => {
        const delivered = await db
          .select({ siteId: deliveries.siteId, at: max(deliveries.settledAt) })
          .from(deliveries)
          .where(eq(deliveries.state, 'delivered'))
          .groupBy(deliveries.siteId)
        return new Map(delivered.map(({ siteId, at }) => [siteId, at ?? 0]))
      }),

    deliveryRates: (since) =>
      run((db) =>
        db
          .select({ tenant: tenants.name, site: sites.name, tries: count(), failed })
          .from(events)
          .innerJoin(deliveries, eq(deliveries.eventSeq, events.seq))
          .innerJoin(attempts, eq(attempts.deliveryId, deliveries.id))
          .innerJoin(sites, eq(sites.id, deliveries.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(gte(events.receivedAt, since))
          .groupBy(sites.id, tenants.name, sites.name)
          .orderBy(tenants.name, sites.name),
      ),

    listEndpoints: () =>
      run(async (db) => {
        const served = await db
          .select({ site: sites, tenant: tenants.name, endpoint: endpoints })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
          .where(and(isNotNull(sites.webhookUrl), isServed))
          .orderBy(tenants.name, sites.name)
        return served.map(({ site: { id, name, tenantId, webhookUrl }, tenant, endpoint }) => ({
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

async function countPending(db: Db, siteId: string): Promise<number> {
  // Each is a stretch of an index of some rows alone.
  const isPending = and(eq(deliveries.siteId, siteId), sql`${deliveries.state} = 'pending'`)
  const [due, inOrder] = await Promise.all([
    db.$count(deliveries, and(isPending, isNotNull(deliveries.dueAt))),
    db.$count(
      deliveries,
      and(isPending, isNull(deliveries.dueAt), isNull(deliveries.firstEndedAt)),
    ),
  ])
  return due + inOrder
}

/** What died of the failures that are to be forgotten, and what is on its way back since a 2xx. */
async function countRecovering(db: Db, siteId: string, until: number): Promise<number> {
  const { failingSince: since } = await healthOf(db, siteId)
  const noted = await recoveryOf(db, siteId)
  const span = since === null ? noted : joined(noted, { since, until })
  return span ? countRecoverable(db, siteId, span) : 0
}
