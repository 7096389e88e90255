import { and, desc, eq, gt, isNull, lte } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { SessionStore } from '../../ports/sessions.ts'
import { sessionNote } from '../../rules/session-note.ts'
import { apiKeys, sessions, sites, tenants } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { noteOfSite, writeAudit } from './audit.ts'

const holderOf = prepared((db) =>
  db
    .select({ session: sessions, key: apiKeys, tenant: tenants, site: sites })
    .from(sessions)
    .leftJoin(tenants, eq(tenants.id, sessions.tenantId))
    .leftJoin(apiKeys, eq(apiKeys.apiKey, sessions.apiKey))
    .leftJoin(sites, eq(sites.id, sessions.siteId))
    .where(eq(sessions.id, given('id')))
    .prepare(),
)

export const sessionOperations = ({ db, read, write }: Tools): SessionStore => ({
  offerSession: (offer, by) =>
    write(() => {
      db.delete(sessions).where(lte(sessions.expiresAt, by.at)).run()
      db.insert(sessions).values(offer).run()
      writeAudit(db, sessionNote(offer, 'offered', by))
    }),

  findSession: (id) => read(() => holderOf(db).get({ id })),

  enterSession: (id, { offeredHash, ...session }, by) =>
    write(() => {
      const isOffered = and(eq(sessions.secretHash, offeredHash), isNull(sessions.enteredAt))
      const entering = db.update(sessions).set({ ...session, enteredAt: by.at })
      const entered = entering
        .where(and(eq(sessions.id, id), isOffered))
        .returning()
        .get()
      if (entered) writeAudit(db, sessionNote(entered, 'entered', by))
      return entered !== undefined
    }),

  listSessions: (at) =>
    read(() =>
      db
        .select()
        .from(sessions)
        .where(gt(sessions.expiresAt, at))
        .orderBy(desc(sessions.madeAt), desc(sessions.id))
        .all(),
    ),

  endSession: (id, by) =>
    write(() => {
      const ended = db.delete(sessions).where(eq(sessions.id, id)).returning().get()
      if (ended) writeAudit(db, sessionNote(ended, 'ended', by))
      return ended !== undefined
    }),

  endSiteSessions: (siteId, by) =>
    write(() => {
      const isGood = and(gt(sessions.expiresAt, by.at), eq(sessions.siteId, siteId))
      const ended = db.delete(sessions).where(isGood).run().changes
      if (ended > 0) noteOfSite(db, siteId, by, 'portal.ended', { detail: { ended } })
      return ended
    }),
})
