import { and, count, eq, gt, isNull, sql } from 'drizzle-orm'
import type { ReminderMailStore } from '../../ports/reminder-mails.ts'
import type { MailEnd } from '../../ports/reminder-ways.ts'
import { bridgeUsers, items, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { isMailWanted, isServed } from './sites.ts'
import { people } from './users.ts'

export function reminderMailOperations({ db, read, write }: Tools): ReminderMailStore {
  const claimedAt = (itemId: number, at: number) =>
    and(eq(items.id, itemId), eq(items.mailedAt, at), isNull(items.mailEnd))

  return {
    settleMail: (itemId, at, end) =>
      write(() => {
        const settled = db
          .update(items)
          .set({ mailEnd: end })
          .where(claimedAt(itemId, at))
          .returning({ userId: items.userId })
          .get()
        const refusals = refusalsAfter[end]
        if (!settled || !refusals) return
        db.update(bridgeUsers)
          .set({ mailRefusals: refusals })
          .where(eq(bridgeUsers.id, settled.userId))
          .run()
      }),

    readMailStop: (userId) =>
      read(() => {
        const isIt = and(eq(bridgeUsers.id, userId), isServed)
        const found = people(db).where(isIt).get()
        return found && { site: found.site.name, stoppedAt: found.user.mailStoppedAt }
      }),

    setMailStop: (userId, mailStoppedAt) =>
      write(() => {
        db.update(bridgeUsers).set({ mailStoppedAt }).where(eq(bridgeUsers.id, userId)).run()
      }),

    countMails: () =>
      read(() => {
        const wanting = db
          .select({ many: count() })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(eq(sites.remindBy, 'mail'), isServed))
          .get()
        const refused = db
          .select({ many: count() })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(gt(bridgeUsers.mailRefusals, 0), isMailWanted))
          .get()
        return { sites: wanting?.many ?? 0, refused: refused?.many ?? 0 }
      }),
  }
}

/** What an end says of the address; of nothing else than these two it says anything. */
const refusalsAfter: Partial<Record<MailEnd, ReturnType<typeof sql>>> = {
  sent: sql`0`,
  refused: sql`${bridgeUsers.mailRefusals} + 1`,
}
