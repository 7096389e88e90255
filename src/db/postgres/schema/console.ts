import { pgTable } from 'drizzle-orm/pg-core'
import { bytes, integer, text } from './types.ts'

/** Who may look at everything from a browser; an address that was given out until somebody enters by it. */
export const consoleSessions = pgTable('console_sessions', {
  id: text().primaryKey(),
  who: text().notNull(),
  /** HMAC of the secret and of whose it is, keyed with the pepper. */
  secretHash: bytes().notNull(),
  madeAt: integer().notNull(),
  enteredAt: integer(),
  expiresAt: integer().notNull(),
})
