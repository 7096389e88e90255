import {
  and,
  asc,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  notInArray,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { UpkeepStore } from '../../upkeep-store.ts'
import {
  accounts,
  bridgeUsers,
  connectRequests as requests,
  instance,
  items,
  renewals,
  sites,
  tenants,
} from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { insertEvent } from './events.ts'
import { isServed } from './tenants.ts'

/** Bridge prints the same end to the second here and to the millisecond there; a renewal moves it by weeks. */
const sameEndMs = 12 * 60 * 60_000

export function upkeepOperations({ db, read, write }: Tools): UpkeepStore {
  const served = and(isNull(items.goneAt), isServed)

  const owned = () =>
    db
      .select({ item: items, user: bridgeUsers, site: sites })
      .from(items)
      .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
      .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
      .innerJoin(tenants, eq(tenants.id, sites.tenantId))

  const untold = sql`(${items.toldStatus} IS NULL OR ${items.toldStatus} <> ${items.status})`

  const notReminded = (days: number) =>
    or(
      isNull(items.remindedOf),
      sql`abs(${items.remindedOf} - ${items.authenticationExpiresAt}) > ${sameEndMs}`,
      gt(items.remindedDays, days),
    )

  return {
    listUntoldStatuses: (limit) =>
      read(() => owned().where(and(untold, served)).limit(limit).all()),

    tellStatus: ({ id, status, toldStatus }, event) =>
      write(() => {
        const same = and(
          eq(items.id, id),
          eq(items.status, status),
          toldStatus === null ? isNull(items.toldStatus) : eq(items.toldStatus, toldStatus),
        )
        const told = db.update(items).set({ toldStatus: status }).where(same).run().changes === 1
        if (told && event) insertEvent(db, event)
        return told
      }),

    listRemindersDue: ({ endsAfter, endsUntil, days }, limit) =>
      read(() =>
        owned()
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

    listComparisons: (limit) =>
      read(() =>
        owned()
          .where(and(isNotNull(items.compareFrom), served))
          .orderBy(asc(items.compareFrom))
          .limit(limit)
          .all(),
      ),

    listAccounts: (itemId) =>
      read(() =>
        db
          .select({
            id: accounts.id,
            ibanFingerprint: accounts.ibanFingerprint,
            createdAt: accounts.createdAt,
          })
          .from(accounts)
          .where(eq(accounts.itemId, itemId))
          .orderBy(asc(accounts.id))
          .all(),
      ),

    knowsAccounts: (itemId) =>
      read(() => {
        const known = and(eq(accounts.itemId, itemId), isNotNull(accounts.ibanFingerprint))
        return db.select({ id: accounts.id }).from(accounts).where(known).get() !== undefined
      }),

    settleComparison: ({ id, compareFrom }, present, finding, at) =>
      write(() => {
        const same = and(eq(items.id, id), eq(items.compareFrom, compareFrom ?? -1))
        const ended = db.update(items).set({ compareFrom: null }).where(same).run().changes === 1
        if (!ended) return false
        const ids = present.map((account) => account.id)
        const left = and(eq(accounts.itemId, id), notInArray(accounts.id, ids))
        db.update(accounts).set({ ibanFingerprint: null }).where(left).run()
        for (const { id: accountId, ibanFingerprint } of present) {
          // An IBAN that Bridge withholds for now is still the one we knew.
          const known = sql`coalesce(${ibanFingerprint}, ${accounts.ibanFingerprint})`
          db.insert(accounts)
            .values({ id: accountId, itemId: id, ibanFingerprint, createdAt: at })
            .onConflictDoUpdate({
              target: accounts.id,
              set: { itemId: id, ibanFingerprint: known },
            })
            .run()
        }
        if (finding) {
          insertEvent(db, finding.event)
          writeAudit(db, finding.audit)
        }
        return true
      }),

    listUnheard: (before, { after, limit }) =>
      read(() => {
        const silent = db
          .select({ id: items.userId })
          .from(items)
          .where(
            and(
              lt(items.updatedAt, before),
              isNull(items.goneAt),
              or(isNull(items.askedAt), lt(items.askedAt, before)),
            ),
          )
        return db
          .select({ user: bridgeUsers, site: sites })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(
            and(
              inArray(bridgeUsers.id, silent),
              gt(bridgeUsers.id, after),
              isNotNull(bridgeUsers.userUuid),
              isServed,
            ),
          )
          .orderBy(asc(bridgeUsers.id))
          .limit(limit)
          .all()
      }),

    noteAsked: (userId, at) =>
      write(() => {
        const living = and(eq(items.userId, userId), isNull(items.goneAt))
        db.update(items).set({ askedAt: at }).where(living).run()
      }),

    findItemForRenewal: (itemId) =>
      read(() =>
        owned()
          .where(and(eq(items.id, itemId), served))
          .get(),
      ),

    claimRenewal: (itemId, { at, since, most }) =>
      write(() => {
        const recent = db
          .select({ at: renewals.at })
          .from(renewals)
          .where(and(eq(renewals.itemId, itemId), gt(renewals.at, since)))
          .orderBy(desc(renewals.at))
          .limit(most)
          .all()
        const oldest = recent[most - 1]
        if (oldest) return { oldestAt: oldest.at }
        db.delete(renewals)
          .where(and(eq(renewals.itemId, itemId), lte(renewals.at, since)))
          .run()
        return { claim: db.insert(renewals).values({ itemId, at }).returning().get().id }
      }),

    releaseRenewal: (claim) =>
      write(() => {
        db.delete(renewals).where(eq(renewals.id, claim)).run()
      }),

    findReturnUrl: (itemId) =>
      read(() => {
        const urlOf = (where: SQL | undefined) =>
          db
            .select({ url: requests.redirectUrl })
            .from(requests)
            .where(and(eq(requests.itemId, itemId), where))
            .orderBy(desc(requests.openedAt))
            .limit(1)
            .get()?.url
        const owner = db.select({ id: items.userId }).from(items).where(eq(items.id, itemId))
        return urlOf(isNull(requests.managedItemId)) ?? urlOf(inArray(requests.userId, owner))
      }),

    listConnections: ({ tenantId, endsUntil }) =>
      read(() =>
        db
          .select({ item: items, user: bridgeUsers, site: sites, tenant: tenants.name })
          .from(items)
          .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(
            and(
              isNull(items.goneAt),
              tenantId === undefined ? undefined : eq(tenants.id, tenantId),
              endsUntil === undefined ? undefined : lte(items.authenticationExpiresAt, endsUntil),
            ),
          )
          .orderBy(
            sql`${items.authenticationExpiresAt} IS NULL`,
            asc(items.authenticationExpiresAt),
          )
          .all(),
      ),

    saveBridgeStatus: ({ at, status }) =>
      write(() => {
        db.update(instance).set({ bridgeStatus: status, bridgeStatusAt: at }).run()
      }),

    readBridgeStatus: () =>
      read(() => {
        const row = db
          .select({ status: instance.bridgeStatus, at: instance.bridgeStatusAt })
          .from(instance)
          .get()
        return row?.status && row.at !== null ? { status: row.status, at: row.at } : undefined
      }),
  }
}
