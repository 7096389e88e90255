import { and, desc, eq, gt, isNull, lte } from 'drizzle-orm'
import type { SessionStore } from '../../ports/sessions.ts'
import { sessionNote } from '../../rules/session-note.ts'
import { apiKeys, sessions, sites, tenants } from '../schema/index.ts'
import { changed, first, type Tools } from '../tools.ts'
import { noteOfSite, writeAudit } from './audit.ts'

export const sessionOperations = ({ run, transaction }: Tools): SessionStore => ({
  offerSession: (offer, by) =>
    transaction(async (db) => {
      await db.delete(sessions).where(lte(sessions.expiresAt, by.at))
      await db.insert(sessions).values(offer)
      await writeAudit(db, sessionNote(offer, 'offered', by))
    }),

  findSession: (id) =>
    run((db) =>
      first(
        db
          .select({ session: sessions, key: apiKeys, tenant: tenants, site: sites })
          .from(sessions)
          .leftJoin(tenants, eq(tenants.id, sessions.tenantId))
          .leftJoin(apiKeys, eq(apiKeys.apiKey, sessions.apiKey))
          .leftJoin(sites, eq(sites.id, sessions.siteId))
          .where(eq(sessions.id, id)),
      ),
    ),

  enterSession: (id, { offeredHash, ...session }, by) =>
    transaction(async (db) => {
      const isOffered = and(eq(sessions.secretHash, offeredHash), isNull(sessions.enteredAt))
      const entering = db.update(sessions).set({ ...session, enteredAt: by.at })
      const entered = await first(entering.where(and(eq(sessions.id, id), isOffered)).returning())
      if (entered) await writeAudit(db, sessionNote(entered, 'entered', by))
      return entered !== undefined
    }),

  listSessions: (at) =>
    run((db) =>
      db
        .select()
        .from(sessions)
        .where(gt(sessions.expiresAt, at))
        .orderBy(desc(sessions.madeAt), desc(sessions.id)),
    ),

  endSession: (id, by) =>
    transaction(async (db) => {
      const ended = await first(db.delete(sessions).where(eq(sessions.id, id)).returning())
      if (ended) await writeAudit(db, sessionNote(ended, 'ended', by))
      return ended !== undefined
    }),

  endSiteSessions: (siteId, by) =>
    transaction(async (db) => {
      const isGood = and(gt(sessions.expiresAt, by.at), eq(sessions.siteId, siteId))
      const ended = await changed(db.delete(sessions).where(isGood))
      if (ended > 0) await noteOfSite(db, siteId, by, 'portal.ended', { detail: { ended } })
      return ended
    }),
})
