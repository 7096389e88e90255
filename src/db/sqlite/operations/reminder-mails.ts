import { and, asc, count, eq, exists, gt, isNull, lte, or, sql } from 'drizzle-orm'
import { mailPauseMs, type ReminderMailStore } from '../../ports/reminder-mails.ts'
import type { MailEnd } from '../../ports/reminder-ways.ts'
import { sameEndMs } from '../../rules/consent-end.ts'
import { bridgeUsers, items, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { isServed } from './sites.ts'

const isWanted = and(eq(sites.remindBy, 'mail'), isNull(bridgeUsers.mailStoppedAt), isServed)

/** Also by a clock that was put back since. */
const isRested = (at: number) =>
  or(
    isNull(items.mailDeferredAt),
    lte(items.mailDeferredAt, at - mailPauseMs),
    gt(items.mailDeferredAt, at),
  )

const notMailed = (days: number) =>
  or(
    isNull(items.mailedOf),
    sql`abs(${items.mailedOf} - ${items.authenticationExpiresAt}) > ${sameEndMs}`,
    gt(items.mailedDays, days),
  )

export function reminderMailOperations({ db, read, write }: Tools): ReminderMailStore {
  const usersOfSites = () =>
    db
      .select({ id: bridgeUsers.id })
      .from(bridgeUsers)
      .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
      .innerJoin(tenants, eq(tenants.id, sites.tenantId))

  const claimedAt = (itemId: number, at: number) =>
    and(eq(items.id, itemId), eq(items.mailedAt, at), isNull(items.mailEnd))

  return {
    listMailsDue: ({ at, endsAfter, endsUntil, days }, limit) =>
      read(() =>
        db
          .select({
            item: items,
            user: bridgeUsers,
            site: sites,
            email: bridgeUsers.email,
            language: bridgeUsers.language,
          })
          .from(items)
          .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(
            and(
              gt(items.authenticationExpiresAt, endsAfter),
              lte(items.authenticationExpiresAt, endsUntil),
              isRested(at),
              isNull(items.goneAt),
              notMailed(days),
              isWanted,
            ),
          )
          .orderBy(asc(items.authenticationExpiresAt))
          .limit(limit)
          .all(),
      ),

    claimMail: ({ id, authenticationExpiresAt: end }, days, at) =>
      write(() => {
        if (end === null) return false
        const same = and(
          eq(items.id, id),
          eq(items.authenticationExpiresAt, end),
          isNull(items.goneAt),
          notMailed(days),
          exists(usersOfSites().where(and(eq(bridgeUsers.id, items.userId), isWanted))),
        )
        const claim = { mailedOf: end, mailedDays: days, mailedAt: at, mailEnd: null }
        return db.update(items).set(claim).where(same).run().changes === 1
      }),

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

    releaseMail: (itemId, at) =>
      write(() => {
        const given = { mailedOf: null, mailedDays: null, mailedAt: null, mailDeferredAt: at }
        db.update(items).set(given).where(claimedAt(itemId, at)).run()
      }),

    readMailStop: (userId) =>
      read(() =>
        db
          .select({ site: sites.name, stoppedAt: bridgeUsers.mailStoppedAt })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(eq(bridgeUsers.id, userId), isServed))
          .get(),
      ),

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
          .where(and(gt(bridgeUsers.mailRefusals, 0), isWanted))
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
