import { index, pgTable } from 'drizzle-orm/pg-core'
import { apiKeys, sites, tenants } from './tenants.ts'
import { bytes, integer, textOf, text } from './types.ts'

/** Who may look at one site, or at one tenant's, from a browser; an address that was given out until somebody enters by it. */
export const portalSessions = pgTable(
  'portal_sessions',
  {
    id: text().primaryKey(),
    apiKey: text().references(() => apiKeys.apiKey, { onDelete: 'cascade' }),
    tenantId: textOf(() => tenants.id),
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    /** HMAC of the secret and of what it shows, keyed with the pepper. */
    secretHash: bytes().notNull(),
    madeAt: integer().notNull(),
    enteredAt: integer(),
    expiresAt: integer().notNull(),
  },
  (session) => [index('portal_sessions_expires').on(session.expiresAt)],
)
