import { index, pgTable } from 'drizzle-orm/pg-core'
import { apiKeys, sites, tenants } from './tenants.ts'
import { bytes, integer, text } from './types.ts'

/** Who may look at everything, at one site or at one tenant's, from a browser; an address until somebody enters by it. */
export const sessions = pgTable(
  'sessions',
  {
    id: text().primaryKey(),
    who: text(),
    tenantId: text().references(() => tenants.id, { onDelete: 'cascade' }),
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    apiKey: text().references(() => apiKeys.apiKey, { onDelete: 'cascade' }),
    secretHash: bytes().notNull(),
    madeAt: integer().notNull(),
    enteredAt: integer(),
    expiresAt: integer().notNull(),
  },
  (session) => [index('sessions_expires').on(session.expiresAt)],
)
