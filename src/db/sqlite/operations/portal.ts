import { and, eq, gt, isNull, lte } from 'drizzle-orm'
import type { PortalStore } from '../../ports/portal.ts'
import { apiKeys, portalSessions, sites, tenants } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'
import { noteOfSite, noteOfTenant } from './audit.ts'

const holderOf = prepared((db) =>
  db
    .select({ session: portalSessions, key: apiKeys, tenant: tenants, site: sites })
    .from(portalSessions)
    .innerJoin(tenants, eq(tenants.id, portalSessions.tenantId))
    .leftJoin(apiKeys, eq(apiKeys.apiKey, portalSessions.apiKey))
    .leftJoin(sites, eq(sites.id, portalSessions.siteId))
    .where(eq(portalSessions.id, given('id')))
    .prepare(),
)

export const portalOperations = ({ db, read, write }: Tools): PortalStore => ({
  offerPortal: (offer, by) =>
    write(() => {
      db.delete(portalSessions).where(lte(portalSessions.expiresAt, by.at)).run()
      db.insert(portalSessions).values(offer).run()
      const { id: subject, tenantId, siteId: site } = offer
      noteOfTenant(db, tenantId, by, { action: 'portal.offered', subject, detail: { site } })
    }),

  findPortalSession: (id) => read(() => holderOf(db).get({ id })),

  enterPortal: (id, { offeredHash, ...session }, by) =>
    write(() => {
      const { secretHash, enteredAt } = portalSessions
      const entered = db
        .update(portalSessions)
        .set({ ...session, enteredAt: by.at })
        .where(and(eq(portalSessions.id, id), eq(secretHash, offeredHash), isNull(enteredAt)))
        .returning()
        .get()
      if (!entered) return false
      noteOfTenant(db, entered.tenantId, by, { action: 'portal.entered', subject: id })
      return true
    }),

  endPortalSession: (id, by) =>
    write(() => {
      const ended = db.delete(portalSessions).where(eq(portalSessions.id, id)).returning().get()
      if (!ended) return false
      noteOfTenant(db, ended.tenantId, by, { action: 'portal.ended', subject: id })
      return true
    }),

  endSitePortal: (siteId, by) =>
    write(() => {
      const isGood = gt(portalSessions.expiresAt, by.at)
      const { changes: ended } = db
        .delete(portalSessions)
        .where(and(isGood, eq(portalSessions.siteId, siteId)))
        .run()
      if (ended > 0) noteOfSite(db, siteId, by, 'portal.ended', { detail: { ended } })
      return ended
    }),

  endPortalSessions: () =>
    write(() => {
      db.delete(portalSessions).run()
    }),
})
