import { blob, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Who may look at everything from a browser; an address that was given out until somebody enters by it. */
export const consoleSessions = sqliteTable('console_sessions', {
  id: text().primaryKey(),
  who: text().notNull(),
  /** HMAC of the secret and of whose it is, keyed with the pepper. */
  secretHash: blob({ mode: 'buffer' }).notNull(),
  madeAt: integer().notNull(),
  enteredAt: integer(),
  expiresAt: integer().notNull(),
})
