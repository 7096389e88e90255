import { and, eq, gt, isNull, lte } from 'drizzle-orm'
import type { PortalStore } from '../../ports/portal.ts'
import { apiKeys, portalSessions, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { noteOfSite, noteOfTenant } from './audit.ts'

export const portalOperations = ({ run, transaction }: Tools): PortalStore => ({
  offerPortal: (offer, by) =>
    transaction(async (db) => {
      await db.delete(portalSessions).where(lte(portalSessions.expiresAt, by.at))
      await db.insert(portalSessions).values(offer)
      const { id: subject, tenantId, siteId: site } = offer
      const entry = { action: 'portal.offered', subject, detail: { site } }
      await noteOfTenant(db, tenantId, by, entry)
    }),

  findPortalSession: (id) =>
    run(async (db) => {
      const [found] = await db
        .select({ session: portalSessions, key: apiKeys, tenant: tenants, site: sites })
        .from(portalSessions)
        .innerJoin(tenants, eq(tenants.id, portalSessions.tenantId))
        .leftJoin(apiKeys, eq(apiKeys.apiKey, portalSessions.apiKey))
        .leftJoin(sites, eq(sites.id, portalSessions.siteId))
        .where(eq(portalSessions.id, id))
      return found
    }),

  enterPortal: (id, { offeredHash, ...session }, by) =>
    transaction(async (db) => {
      const { secretHash, enteredAt } = portalSessions
      const [entered] = await db
        .update(portalSessions)
        .set({ ...session, enteredAt: by.at })
        .where(and(eq(portalSessions.id, id), eq(secretHash, offeredHash), isNull(enteredAt)))
        .returning()
      if (!entered) return false
      await noteOfTenant(db, entered.tenantId, by, { action: 'portal.entered', subject: id })
      return true
    }),

  endPortalSession: (id, by) =>
    transaction(async (db) => {
      const [ended] = await db.delete(portalSessions).where(eq(portalSessions.id, id)).returning()
      if (!ended) return false
      await noteOfTenant(db, ended.tenantId, by, { action: 'portal.ended', subject: id })
      return true
    }),

  endSitePortal: (siteId, by) =>
    transaction(async (db) => {
      const isGood = gt(portalSessions.expiresAt, by.at)
      const { length: ended } = await db
        .delete(portalSessions)
        .where(and(isGood, eq(portalSessions.siteId, siteId)))
        .returning()
      if (ended > 0) await noteOfSite(db, siteId, by, 'portal.ended', { detail: { ended } })
      return ended
    }),

  endPortalSessions: () =>
    transaction(async (db) => {
      await db.delete(portalSessions)
    }),
})
