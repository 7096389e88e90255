import { and, asc, count, eq, exists, gt, isNull, lte, or, sql } from 'drizzle-orm'
import { mailPauseMs, type ReminderMailStore } from '../../ports/reminder-mails.ts'
import type { MailEnd } from '../../ports/reminder-ways.ts'
import { sameEndMs } from '../../rules/consent-end.ts'
import { bridgeUsers, items, sites, tenants } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { lockUser } from './locks.ts'
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

const claimedAt = (itemId: number, at: number) =>
  and(eq(items.id, itemId), eq(items.mailedAt, at), isNull(items.mailEnd))

/** Users that a mail about an item of theirs may go to. */
const wanting = (db: Db) =>
  db
    .select({ id: bridgeUsers.id })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))
    .where(and(eq(bridgeUsers.id, items.userId), isWanted))

/** What an end says of the address; of nothing else than these two it says anything. */
const refusalsAfter: Partial<Record<MailEnd, ReturnType<typeof sql>>> = {
  sent: sql`0`,
  refused: sql`${bridgeUsers.mailRefusals} + 1`,
}

export function reminderMailOperations({ run, transaction }: Tools): ReminderMailStore {
  return {
    listMailsDue: ({ at, endsAfter, endsUntil, days }, limit) =>
      run((db) =>
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
          .limit(limit),
      ),

    // Of those who claim at the same moment one finds the row as it was: the others wait for it, and look again.
    claimMail: ({ id, authenticationExpiresAt: end }, days, at) =>
      run(async (db) => {
        if (end === null) return false
        const same = and(
          eq(items.id, id),
          eq(items.authenticationExpiresAt, end),
          isNull(items.goneAt),
          notMailed(days),
          exists(wanting(db)),
        )
        const claim = { mailedOf: end, mailedDays: days, mailedAt: at, mailEnd: null }
        return (await db.update(items).set(claim).where(same)).rowCount === 1
      }),

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

    releaseMail: (itemId, at) =>
      run(async (db) => {
        const given = { mailedOf: null, mailedDays: null, mailedAt: null, mailDeferredAt: at }
        await db.update(items).set(given).where(claimedAt(itemId, at))
      }),

    readMailStop: (userId) =>
      run(async (db) => {
        const [found] = await db
          .select({ site: sites.name, stoppedAt: bridgeUsers.mailStoppedAt })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(eq(bridgeUsers.id, userId), isServed))
        return found
      }),

    setMailStop: (userId, mailStoppedAt) =>
      run(async (db) => {
        await db.update(bridgeUsers).set({ mailStoppedAt }).where(eq(bridgeUsers.id, userId))
      }),

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
          .where(and(gt(bridgeUsers.mailRefusals, 0), isWanted))
        return { sites: sitesWanting?.many ?? 0, refused: refused?.many ?? 0 }
      }),
  }
}
