import { eq, isNotNull, max } from 'drizzle-orm'
import type { EndpointStore } from '../../ports/endpoints.ts'
import { deliveries, endpoints, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'
import { healthOf, reviveEndpoint } from './endpoint-health.ts'
import { countRecoverable } from './recovery.ts'

export function endpointOperations({ run, transaction }: Tools): EndpointStore {
  return {
    readEndpoint: (siteId) =>
      run(async (db) => {
        const [row] = await db
          .select({ allowedTargets: endpoints.allowedTargets })
          .from(endpoints)
          .where(eq(endpoints.siteId, siteId))
        return { ...(await healthOf(db, siteId)), allowedTargets: row?.allowedTargets ?? [] }
      }),

    async enableEndpoint(siteId, by) {
      // Counting may take long: it locks nobody out.
      const recovering = await run(async (db) => {
        const { failingSince: since } = await healthOf(db, siteId)
        return since === null ? 0 : countRecoverable(db, siteId, { since, until: by.at })
      })
      await transaction(async (db) => {
        await reviveEndpoint(db, siteId, by.at)
        await noteOfSite(db, siteId, by, 'endpoint.enabled')
      })
      return { recovering }
    },

    allowTargets: (siteId, cidrs, by) =>
      transaction(async (db) => {
        const allowedTargets = [...cidrs]
        await db
          .insert(endpoints)
          .values({ siteId, allowedTargets })
          .onConflictDoUpdate({ target: endpoints.siteId, set: { allowedTargets } })
        await noteOfSite(db, siteId, by, 'site.targets_allowed', { targets: allowedTargets })
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

    listEndpoints: () =>
      run(async (db) => {
        const served = await db
          .select({ site: sites, tenant: tenants.name, endpoint: endpoints })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
          .where(isNotNull(sites.webhookUrl))
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
