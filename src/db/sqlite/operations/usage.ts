import { and, asc, eq, inArray, isNotNull, isNull, lt, sql, sum } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { CallRecord } from '../../ports/history.ts'
import type { CallCount, Renewals, UsageStore } from '../../ports/usage.ts'
import { renewalOf } from '../../rules/renewal-count.ts'
import { addCount, isAnswered, monthOf } from '../../rules/usage-month.ts'
import { bridgeUsers, items, tenants, usage } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'

type Db = Tools['db']

/** A row that counts what is given, or that much on top of what it has. */
const counting = (whose: string) => `
INSERT INTO usage (month, connections, calls, webhooks, renewals, tenant_id, site_id, site)
SELECT +@month, +@connections, +@calls, +@webhooks, +@renewals, ${whose}
ON CONFLICT (month, tenant_id, site_id) DO UPDATE SET connections = connections + excluded.connections,
  calls = calls + excluded.calls, webhooks = webhooks + excluded.webhooks, renewals = renewals + excluded.renewals`

const addOfSite = prepared(({ $client }) =>
  $client.prepare(counting('tenant_id, id, name FROM sites WHERE id = +@siteId')),
)

const addOfTenant = prepared(({ $client }) =>
  $client.prepare(counting(`id, '', '' FROM tenants WHERE id = +@tenantId`)),
)

const none = { connections: 0, calls: 0, webhooks: 0, renewals: 0 }

const ends = sql<number>`${items.authenticationExpiresAt}`

/** What the index of the uncounted holds. */
const endUncounted = and(
  isNull(items.goneAt),
  isNotNull(items.authenticationExpiresAt),
  sql`(${items.countedEnd} IS NULL OR ${items.countedEnd} <> ${items.authenticationExpiresAt})`,
)

const siteOfItem = sql<string>`(SELECT site_id FROM bridge_users WHERE bridge_users.id = user_id)`

const endsUncounted = prepared((db) =>
  db
    .select({
      id: items.id,
      end: ends,
      counted: items.countedEnd,
      siteId: sql<string>`${bridgeUsers.siteId}`,
    })
    .from(items)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
    .where(endUncounted)
    .orderBy(asc(items.id))
    .limit(given('limit'))
    .prepare(),
)

const endCounted = prepared((db) =>
  db
    .update(items)
    .set({ countedEnd: sql`${given('end')}` })
    .where(eq(items.id, given('id')))
    .prepare(),
)

/** Counts for a site, inside the transaction at hand. A site that is gone by now gets nothing more. */
export const addUsage = (
  db: Db,
  siteId: string,
  month: string,
  more: Partial<typeof none>,
): unknown => addOfSite(db).run({ siteId, month, ...none, ...more })

/** Counts calls as they are stored, those that were answered. */
export function addUsageOfCalls(db: Db, stored: readonly CallRecord[]): void {
  const counts = new Map<string, CallCount>()
  for (const { tenantId, siteId, at } of stored.filter(isAnswered)) {
    if (tenantId !== null) addCount(counts, { month: monthOf(at), tenantId, siteId, calls: 1 })
  }
  addCounts(db, [...counts.values()])
}

function addCounts(db: Db, counts: readonly CallCount[]): void {
  for (const { month, tenantId, siteId, calls } of counts) {
    if (siteId !== null) addUsage(db, siteId, month, { calls })
    else addOfTenant(db).run({ ...none, tenantId, month, calls })
  }
}

export function usageOperations({ db, read, write }: Tools): UsageStore {
  return {
    listUsage: (month, { tenantId }) =>
      read(() =>
        db
          .select({
            tenant: tenants.name,
            site: usage.site,
            connections: sum(usage.connections).mapWith(Number),
            calls: sum(usage.calls).mapWith(Number),
            webhooks: sum(usage.webhooks).mapWith(Number),
            renewals: sum(usage.renewals).mapWith(Number),
          })
          .from(usage)
          .innerJoin(tenants, eq(tenants.id, usage.tenantId))
          .where(
            and(
              eq(usage.month, month),
              tenantId === undefined ? undefined : eq(usage.tenantId, tenantId),
            ),
          )
          .groupBy(tenants.name, usage.site)
          .orderBy(asc(tenants.name), asc(usage.site))
          .all()
          .map((row) => ({ ...row, site: row.site === '' ? null : row.site })),
      ),

    countCalls: (counts) => write(() => addCounts(db, counts)),

    async countConnections(month, limit) {
      const uncounted = db
        .select({ id: items.id })
        .from(items)
        .where(and(isNull(items.goneAt), lt(items.countedMonth, month)))
        .limit(limit)
      // Looked at first without a transaction: nearly always there is nothing to do.
      if ((await read(() => uncounted.get())) === undefined) return 0
      return write(() => {
        const counted = db
          .update(items)
          .set({ countedMonth: month })
          .where(inArray(items.id, uncounted))
          .returning({ siteId: siteOfItem })
          .all()
        const bySite = Map.groupBy(counted, ({ siteId }) => siteId)
        for (const [siteId, its] of bySite) addUsage(db, siteId, month, { connections: its.length })
        return counted.length
      })
    },

    async countRenewals(at, limit) {
      const renewals: Renewals = { looked: 0, before: 0, after: 0 }
      if ((await read(() => endsUncounted(db).get({ limit: 1 }))) === undefined) return renewals
      return write(() => {
        for (const { id, siteId, end, counted } of endsUncounted(db).all({ limit })) {
          endCounted(db).run({ id, end })
          renewals.looked += 1
          const renewal = renewalOf(counted, end, at)
          if (renewal) renewals[renewal] += 1
          if (renewal === 'before') addUsage(db, siteId, monthOf(at), { renewals: 1 })
        }
        return renewals
      })
    },
  }
}
