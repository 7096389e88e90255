import { and, desc, eq, gt, isNull, lte } from 'drizzle-orm'
import type { ConsoleStore } from '../../ports/console.ts'
import { consoleSessions } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'

export const consoleOperations = ({ run, transaction }: Tools): ConsoleStore => ({
  offerConsole: (offer, by) =>
    transaction(async (db) => {
      await db.delete(consoleSessions).where(lte(consoleSessions.expiresAt, by.at))
      await db.insert(consoleSessions).values(offer)
      await writeAudit(db, {
        ...by,
        action: 'console.offered',
        subject: offer.id,
        detail: { who: offer.who },
      })
    }),

  findConsoleSession: (id) =>
    run(async (db) => {
      const [found] = await db.select().from(consoleSessions).where(eq(consoleSessions.id, id))
      return found
    }),

  enterConsole: (id, { offeredHash, ...session }, at) =>
    transaction(async (db) => {
      const { secretHash, enteredAt } = consoleSessions
      const [entered] = await db
        .update(consoleSessions)
        .set({ ...session, enteredAt: at })
        .where(and(eq(consoleSessions.id, id), eq(secretHash, offeredHash), isNull(enteredAt)))
        .returning()
      if (!entered) return false
      await writeAudit(db, {
        at,
        actor: `console:${entered.who}`,
        action: 'console.entered',
        subject: id,
      })
      return true
    }),

  listConsoleSessions: (at) =>
    run((db) =>
      db
        .select()
        .from(consoleSessions)
        .where(gt(consoleSessions.expiresAt, at))
        .orderBy(desc(consoleSessions.madeAt), desc(consoleSessions.id)),
    ),

  endConsoleSession: (id, by) =>
    transaction(async (db) => {
      const [ended] = await db.delete(consoleSessions).where(eq(consoleSessions.id, id)).returning()
      if (!ended) return false
      await writeAudit(db, {
        ...by,
        action: 'console.ended',
        subject: id,
        detail: { who: ended.who },
      })
      return true
    }),
})
