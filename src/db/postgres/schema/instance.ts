import { pgTable } from 'drizzle-orm/pg-core'
import { bytes, counted, integer, json, text } from './types.ts'

/** One row: what this installation is, and which server serves it. */
export const instance = pgTable('instance', {
  id: integer().primaryKey(),
  mode: text().notNull(),
  wrappedPepper: bytes().notNull(),
  createdAt: integer().notNull(),
  serverId: text(),
  serverHost: text(),
  serverPid: integer(),
  serverSeenAt: integer(),
  bridgeStatus: json('standing').$type<Record<string, unknown>>(),
  bridgeStatusAt: integer('standing_at'),
  probedAt: integer(),
  auditLogged: integer(),
})

/** Random keys that seal rows, each wrapped by a master key. The newest seals; all of them open. */
export const dataKeys = pgTable('data_keys', {
  id: text().primaryKey(),
  /** In which order they came: SQLite numbers rows by itself. */
  seq: counted(),
  wrappedKey: bytes().notNull(),
  createdAt: integer().notNull(),
  seenAt: integer(),
})
