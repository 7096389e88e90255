import { and, asc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import type { ReminderStore } from '../../ports/reminders.ts'
import { items } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { connections } from './items.ts'
import { isServed } from './sites.ts'
import { insertEvent } from './store-event.ts'
import { sameEndMs } from '../../rules/consent-end.ts'

const served = and(isNull(items.goneAt), isServed)

const untold = sql`(${items.toldStatus} IS NULL OR ${items.toldStatus} <> ${items.status})`

const notReminded = (days: number) =>
  or(
    isNull(items.remindedOf),
    sql`abs(${items.remindedOf} - ${items.authenticationExpiresAt}) > ${sameEndMs}`,
    gt(items.remindedDays, days),
  )

export function reminderOperations({ run, transaction }: Tools): ReminderStore {
  return {
    // In the order of the index of the untold. The planner takes next to all items for untold, and would read all of them.
    listUntoldStatuses: (limit) =>
      run((db) => connections(db).where(and(untold, served)).orderBy(asc(items.id)).limit(limit)),

    // Of those who look at the same moment one finds the row as it was: the others wait for it, and look again.
    tellStatus: ({ id, status, toldStatus, helpAskedAt }, event) =>
      transaction(async (db) => {
        const same = and(
          eq(items.id, id),
          eq(items.status, status),
          toldStatus === null ? isNull(items.toldStatus) : eq(items.toldStatus, toldStatus),
        )
        const told = await db.update(items).set({ toldStatus: status, helpAskedAt }).where(same)
        if (told.rowCount !== 1) return false
        if (event) await insertEvent(db, event)
        return true
      }),

    listStale: (at, limit) =>
      run((db) =>
        connections(db)
          .where(and(lte(items.staleDueAt, at), served))
          .orderBy(asc(items.staleDueAt))
          .limit(limit),
      ),

    tellStale: ({ id, staleDueAt }, event) =>
      transaction(async (db) => {
        const same = and(eq(items.id, id), eq(items.staleDueAt, staleDueAt ?? -1))
        const told = await db.update(items).set({ staleDueAt: null }).where(same)
        if (told.rowCount !== 1) return false
        await insertEvent(db, event)
        return true
      }),

    listRemindersDue: ({ endsAfter, endsUntil, days }, limit) =>
      run((db) =>
        connections(db)
          .where(
            and(
              gt(items.authenticationExpiresAt, endsAfter),
              lte(items.authenticationExpiresAt, endsUntil),
              notReminded(days),
              served,
            ),
          )
          .limit(limit),
      ),

    remind: ({ id, authenticationExpiresAt: end }, days, event) =>
      transaction(async (db) => {
        if (end === null) return false
        const same = and(
          eq(items.id, id),
          eq(items.authenticationExpiresAt, end),
          notReminded(days),
          isNull(items.goneAt),
        )
        const change = { remindedOf: end, remindedDays: days }
        const reminded = await db.update(items).set(change).where(same)
        if (reminded.rowCount !== 1) return false
        await insertEvent(db, event)
        return true
      }),
  }
}
