import { blob, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { apiKeys, sites, tenants } from './tenants.ts'

/** Who may look at everything, at one site or at one tenant's, from a browser; an address until somebody enters by it. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    /** Of the console: what its acts are written down under. */
    who: text(),
    /** Null: the console's. */
    tenantId: text().references(() => tenants.id, { onDelete: 'cascade' }),
    /** Null: all the tenant's sites. */
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    /** The key that asked for it, and with which it ends; null: the command line. */
    apiKey: text().references(() => apiKeys.apiKey, { onDelete: 'cascade' }),
    /** HMAC of the secret and of whose it is, or what it shows, keyed with the pepper. */
    secretHash: blob({ mode: 'buffer' }).notNull(),
    madeAt: integer().notNull(),
    enteredAt: integer(),
    expiresAt: integer().notNull(),
  },
  (session) => [index('sessions_expires').on(session.expiresAt)],
)
