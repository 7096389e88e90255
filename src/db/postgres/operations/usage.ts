import { and, asc, eq, sql, sum, type SQL } from 'drizzle-orm'
import { when } from '../../conditions.ts'
import type { CallRecord } from '../../ports/history.ts'
import type { UsageStore } from '../../ports/usage.ts'
import { renewalOf } from '../../rules/renewal-count.ts'
import { isAnswered, monthOf } from '../../rules/usage-month.ts'
import { bridgeUsers, calls, items, tenants, usage } from '../schema/index.ts'
import { done, tableOf, type Db, type Tools } from '../tools.ts'

/** What is counted comes on top of what the row has, in the order of the rows: whoever counts for several locks them so. */
const onTop = sql`ON CONFLICT (month, tenant_id, site_id) DO UPDATE SET
  connections = usage.connections + excluded.connections,
  calls = usage.calls + excluded.calls,
  webhooks = usage.webhooks + excluded.webhooks,
  renewals = usage.renewals + excluded.renewals`

/** Counts webhooks that sites took, or their renewals, at the end of the transaction at hand. */
export const addUsage = (
  db: Db,
  what: 'webhooks' | 'renewals',
  all: readonly { siteId: string; month: string }[],
) =>
  db.execute(sql`
    INSERT INTO usage (month, tenant_id, site_id, site, ${sql.identifier(what)})
    SELECT one.month, sites.tenant_id, sites.id, sites.name, count(*)
    FROM ${tableOf('one', all, { siteId: 'text', month: 'text' })} JOIN sites ON sites.id = one."siteId"
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3
    ${onTop}`)

/** Counts calls, of a table `one` of so many for each month and whom, where that is still there. */
const addingCalls = (one: SQL) => sql`
  INSERT INTO usage (month, tenant_id, site_id, site, calls)
  SELECT one.month, tenants.id, coalesce(sites.id, ''), coalesce(sites.name, ''), sum(one.calls)
  FROM ${one}
  JOIN tenants ON tenants.id = one."tenantId"
  LEFT JOIN sites ON sites.id = one."siteId"
  WHERE one."siteId" IS NULL OR sites.id IS NOT NULL
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3
  ${onTop}`

/** Stores calls and counts those that are new and were answered: one statement. (drizzle puts the inner one in parentheses.) */
export const storeCalls = (db: Db, records: readonly CallRecord[]) => {
  const answered = records.filter(isAnswered).map(({ id, at }) => ({ id, month: monthOf(at) }))
  return db.execute(sql`
    WITH stored AS ${db
      .insert(calls)
      .values([...records])
      .onConflictDoNothing()
      .returning({ id: calls.id, tenantId: calls.tenantId, siteId: calls.siteId })}
    ${addingCalls(sql`(
      SELECT month, tenant_id AS "tenantId", site_id AS "siteId", 1 AS calls
      FROM stored JOIN ${tableOf('answered', answered, { id: 'text', month: 'text' })} USING (id)) AS one`)}`)
}

/** What the index of the uncounted holds. */
const endUncounted = sql`gone_at IS NULL AND authentication_expires_at IS NOT NULL
  AND (counted_end IS NULL OR counted_end <> authentication_expires_at)`

/** Items whose consent's end was not looked at, nobody else's until the transaction ends; those that others have are left out. */
const lockUncounted = (db: Db, limit: number) =>
  db
    .select({
      id: items.id,
      siteId: bridgeUsers.siteId,
      end: sql`${items.authenticationExpiresAt}`.mapWith(Number),
      counted: items.countedEnd,
    })
    .from(items)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
    .where(endUncounted)
    .orderBy(items.id)
    .limit(limit)
    .for('no key update', { of: items, skipLocked: true })

export function usageOperations({ run, transaction }: Tools): UsageStore {
  return {
    listUsage: (month, { tenantId }) =>
      run(async (db) => {
        const rows = await db
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
              when(tenantId, (id) => eq(usage.tenantId, id)),
            ),
          )
          .groupBy(tenants.name, usage.site)
          .orderBy(asc(tenants.name), asc(usage.site))
        return rows.map((row) => ({ ...row, site: row.site === '' ? null : row.site }))
      }),

    countCalls: (counts) =>
      run((db) => {
        const types = { month: 'text', tenantId: 'text', siteId: 'text', calls: 'bigint' } as const
        return done(db.execute(addingCalls(tableOf('one', counts, types))))
      }),

    countConnections: (month, limit) =>
      run(async (db) => {
        const { rows } = await db.execute<{ many: string }>(sql`
          WITH uncounted AS (
            SELECT id FROM items WHERE gone_at IS NULL AND counted_month < ${month}
            LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
          ), counted AS (
            UPDATE items SET counted_month = ${month} FROM uncounted
            WHERE items.id = uncounted.id RETURNING items.user_id
          ), added AS (
            INSERT INTO usage (month, tenant_id, site_id, site, connections)
            SELECT ${month}, sites.tenant_id, sites.id, sites.name, count(*)
            FROM counted
            JOIN bridge_users ON bridge_users.id = counted.user_id
            JOIN sites ON sites.id = bridge_users.site_id
            GROUP BY 2, 3, 4 ORDER BY 2, 3
            ${onTop}
          )
          SELECT count(*) AS many FROM counted`)
        return Number(rows[0]?.many ?? 0)
      }),

    countRenewals: (at, limit) =>
      transaction(async (db) => {
        const looked = await lockUncounted(db, limit)
        if (looked.length === 0) return { looked: 0, before: 0, after: 0 }
        const told = looked.map(({ siteId, end, counted }) => ({
          siteId,
          renewal: renewalOf(counted, end, at),
        }))
        const ends = looked.map(({ id, end }) => ({ id, end }))
        await db.execute(sql`UPDATE items SET counted_end = looked.end
          FROM ${tableOf('looked', ends, { id: 'bigint', end: 'bigint' })} WHERE items.id = looked.id`)
        const before = told.filter(({ renewal }) => renewal === 'before')
        if (before.length > 0) {
          const all = before.map(({ siteId }) => ({ siteId, month: monthOf(at) }))
          await addUsage(db, 'renewals', all)
        }
        const after = told.filter(({ renewal }) => renewal === 'after').length
        return { looked: looked.length, before: before.length, after }
      }),
  }
}
