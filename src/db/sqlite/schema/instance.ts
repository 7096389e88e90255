import { blob, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** One row: what this installation is, and which server serves it. */
export const instance = sqliteTable('instance', {
  id: integer().primaryKey(),
  /** `sandbox`, `bridge` until Bridge has taken the credentials, then with a hash of the client id: one of them for life. */
  mode: text().notNull(),
  /** The pepper, wrapped by a master key. */
  wrappedPepper: blob({ mode: 'buffer' }).notNull(),
  createdAt: integer().notNull(),
  serverId: text(),
  serverHost: text(),
  serverPid: integer(),
  serverSeenAt: integer(),
  /** How the server stands with Bridge, for the CLI and for the next start; and when that was. */
  bridgeStatus: text('standing', { mode: 'json' }).$type<Record<string, unknown>>(),
  bridgeStatusAt: integer('standing_at'),
  /** When a health check last proved that a write goes through. */
  probedAt: integer(),
  /** The newest audit entry that is in the log; null until a server first looked. */
  auditLogged: integer(),
})

/** Random keys that seal rows, each wrapped by a master key. The newest seals; all of them open. */
export const dataKeys = sqliteTable('data_keys', {
  id: text().primaryKey(),
  wrappedKey: blob({ mode: 'buffer' }).notNull(),
  createdAt: integer().notNull(),
  /** When the running server had it in hand; before that, nothing the server reads may be sealed with it. */
  seenAt: integer(),
})
