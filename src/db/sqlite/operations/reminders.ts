import { and, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import type { ReminderStore } from '../../ports/reminders.ts'
import { items } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { insertEvent } from './events.ts'
import { connections } from './items.ts'
import { isServed } from './sites.ts'
import { sameEndMs } from '../../rules/consent-end.ts'

export function reminderOperations({ db, read, write }: Tools): ReminderStore {
  const served = and(isNull(items.goneAt), isServed)

  const untold = sql`(${items.toldStatus} IS NULL OR ${items.toldStatus} <> ${items.status})`

  const notReminded = (days: number) =>
    or(
      isNull(items.remindedOf),
      sql`abs(${items.remindedOf} - ${items.authenticationExpiresAt}) > ${sameEndMs}`,
      gt(items.remindedDays, days),
    )

  return {
    listUntoldStatuses: (limit) =>
      read(() => {
        // The plus keeps from an index of all living items: the one of the untold holds next to nothing.
        const lives = sql`+${items.goneAt} IS NULL`
        return connections(db)
          .where(and(untold, lives, isServed))
          .limit(limit)
          .all()
      }),

    tellStatus: ({ id, status, toldStatus, helpAskedAt }, event) =>
      write(() => {
        const same = and(
          eq(items.id, id),
          eq(items.status, status),
          toldStatus === null ? isNull(items.toldStatus) : eq(items.toldStatus, toldStatus),
        )
        const told =
          db.update(items).set({ toldStatus: status, helpAskedAt }).where(same).run().changes === 1
        if (told && event) insertEvent(db, event)
        return told
      }),

    listStale: (at, limit) =>
      read(() =>
        connections(db)
          .where(and(lte(items.staleDueAt, at), served))
          .limit(limit)
          .all(),
      ),

    tellStale: ({ id, staleDueAt }, event) =>
      write(() => {
        const same = and(eq(items.id, id), eq(items.staleDueAt, staleDueAt ?? -1))
        const told = db.update(items).set({ staleDueAt: null }).where(same).run().changes === 1
        if (told) insertEvent(db, event)
        return told
      }),

    listRemindersDue: ({ endsAfter, endsUntil, days }, limit) =>
      read(() =>
        connections(db)
          .where(
            and(
              gt(items.authenticationExpiresAt, endsAfter),
              lte(items.authenticationExpiresAt, endsUntil),
              notReminded(days),
              served,
            ),
          )
          .limit(limit)
          .all(),
      ),

    remind: ({ id, authenticationExpiresAt: end }, days, event) =>
      write(() => {
        if (end === null) return false
        const same = and(
          eq(items.id, id),
          eq(items.authenticationExpiresAt, end),
          notReminded(days),
          isNull(items.goneAt),
        )
        const change = { remindedOf: end, remindedDays: days }
        if (db.update(items).set(change).where(same).run().changes === 0) return false
        insertEvent(db, event)
        return true
      }),
  }
}
