import { pgTable, uniqueIndex } from 'drizzle-orm/pg-core'
import { tenants } from './tenants.ts'
import { identity, integer, textOf, text } from './types.ts'

/** What each site used in each month, which outlives the site and what was counted: a host bills by it. */
export const usage = pgTable(
  'usage',
  {
    id: identity(),
    month: text().notNull(),
    tenantId: textOf(() => tenants.id),
    siteId: text().notNull(),
    site: text().notNull(),
    connections: integer().notNull().default(0),
    calls: integer().notNull().default(0),
    webhooks: integer().notNull().default(0),
    renewals: integer().notNull().default(0),
  },
  (row) => [uniqueIndex('usage_month_site').on(row.month, row.tenantId, row.siteId)],
)
