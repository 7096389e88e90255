import { blob, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { apiKeys, sites, tenants } from './tenants.ts'
import { textOf } from './parts.ts'

/** Who may look at one site, or at one tenant's, from a browser; an address that was given out until somebody enters by it. */
export const portalSessions = sqliteTable(
  'portal_sessions',
  {
    id: text().primaryKey(),
    /** The key that asked for it, and with which it ends; null: the command line. */
    apiKey: text().references(() => apiKeys.apiKey, { onDelete: 'cascade' }),
    tenantId: textOf(() => tenants.id),
    /** Null: all the tenant's sites. */
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    /** HMAC of the secret and of what it shows, keyed with the pepper. */
    secretHash: blob({ mode: 'buffer' }).notNull(),
    madeAt: integer().notNull(),
    enteredAt: integer(),
    expiresAt: integer().notNull(),
  },
  (session) => [index('portal_sessions_expires').on(session.expiresAt)],
)
