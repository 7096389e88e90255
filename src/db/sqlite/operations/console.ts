import { and, desc, eq, gt, isNull, lte } from 'drizzle-orm'
import type { ConsoleStore } from '../../ports/console.ts'
import { consoleSessions } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'

export const consoleOperations = ({ db, read, write }: Tools): ConsoleStore => ({
  offerConsole: (offer, by) =>
    write(() => {
      db.delete(consoleSessions).where(lte(consoleSessions.expiresAt, by.at)).run()
      db.insert(consoleSessions).values(offer).run()
      writeAudit(db, {
        ...by,
        action: 'console.offered',
        subject: offer.id,
        detail: { who: offer.who },
      })
    }),

  findConsoleSession: (id) =>
    read(() => db.select().from(consoleSessions).where(eq(consoleSessions.id, id)).get()),

  enterConsole: (id, { offeredHash, ...session }, at) =>
    write(() => {
      const { secretHash, enteredAt } = consoleSessions
      const entered = db
        .update(consoleSessions)
        .set({ ...session, enteredAt: at })
        .where(and(eq(consoleSessions.id, id), eq(secretHash, offeredHash), isNull(enteredAt)))
        .returning()
        .get()
      if (!entered) return false
      writeAudit(db, {
        at,
        actor: `console:${entered.who}`,
        action: 'console.entered',
        subject: id,
      })
      return true
    }),

  listConsoleSessions: (at) =>
    read(() =>
      db
        .select()
        .from(consoleSessions)
        .where(gt(consoleSessions.expiresAt, at))
        .orderBy(desc(consoleSessions.madeAt), desc(consoleSessions.id))
        .all(),
    ),

  endConsoleSession: (id, by) =>
    write(() => {
      const ended = db.delete(consoleSessions).where(eq(consoleSessions.id, id)).returning().get()
      if (!ended) return false
      writeAudit(db, { ...by, action: 'console.ended', subject: id, detail: { who: ended.who } })
      return true
    }),
})
