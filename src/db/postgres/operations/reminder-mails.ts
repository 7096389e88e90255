import { and, count, eq, gt, isNull, sql } from 'drizzle-orm'
import type { ReminderMailStore } from '../../ports/reminder-mails.ts'
import type { MailEnd } from '../../ports/reminder-ways.ts'
import { bridgeUsers, items, sites, tenants } from '../schema/index.ts'
import { done, first, type Tools } from '../tools.ts'
import { lockUser } from './locks.ts'
import { isMailWanted, isServed } from './sites.ts'
import { people } from './users.ts'

const claimedAt = (itemId: number, at: number) =>
  and(eq(items.id, itemId), eq(items.mailedAt, at), isNull(items.mailEnd))

/** What an end says of the address; of nothing else than these two it says anything. */
const refusalsAfter: Partial<Record<MailEnd, ReturnType<typeof sql>>> = {
  sent: sql`0`,
  refused: sql`${bridgeUsers.mailRefusals} + 1`,
}

export function reminderMailOperations({ run, transaction }: Tools): ReminderMailStore {
  return {
    settleMail: (itemId, at, end) =>
      transaction(async (db) => {
        const refusals = refusalsAfter[end]
        const [claim] = await db
          .select({ userId: items.userId })
          .from(items)
          .where(claimedAt(itemId, at))
        if (!claim) return
        if (refusals) await lockUser(db, claim.userId)
        const [settled] = await db
          .update(items)
          .set({ mailEnd: end })
          .where(claimedAt(itemId, at))
          .returning({ userId: items.userId })
        if (!settled || !refusals) return
        await db
          .update(bridgeUsers)
          .set({ mailRefusals: refusals })
          .where(eq(bridgeUsers.id, settled.userId))
      }),

    readMailStop: (userId) =>
      run(async (db) => {
        const found = await first(people(db).where(and(eq(bridgeUsers.id, userId), isServed)))
        return found && { site: found.site.name, stoppedAt: found.user.mailStoppedAt }
      }),

    setMailStop: (userId, mailStoppedAt) =>
      run((db) =>
        done(db.update(bridgeUsers).set({ mailStoppedAt }).where(eq(bridgeUsers.id, userId))),
      ),

    countMails: () =>
      run(async (db) => {
        const [sitesWanting] = await db
          .select({ many: count() })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(eq(sites.remindBy, 'mail'), isServed))
        const [refused] = await db
          .select({ many: count() })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(gt(bridgeUsers.mailRefusals, 0), isMailWanted))
        return { sites: sitesWanting?.many ?? 0, refused: refused?.many ?? 0 }
      }),
  }
}
