import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './tenants.ts'
import { textOf } from './columns.ts'

/** What each site used in each month, which outlives the site and what was counted: a host bills by it. */
export const usage = sqliteTable(
  'usage',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    /** Of UTC, as 2027-01. */
    month: text().notNull(),
    tenantId: textOf(() => tenants.id),
    /** No reference; empty for what the tenant's own keys asked. */
    siteId: text().notNull(),
    /** The site's name; empty likewise. */
    site: text().notNull(),
    connections: integer().notNull().default(0),
    calls: integer().notNull().default(0),
    webhooks: integer().notNull().default(0),
    renewals: integer().notNull().default(0),
  },
  (row) => [uniqueIndex('usage_month_site').on(row.month, row.tenantId, row.siteId)],
)
