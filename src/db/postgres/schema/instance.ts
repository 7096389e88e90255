import { pgTable } from 'drizzle-orm/pg-core'
import { bytes, counted, integer, json, text } from './types.ts'

/** One row: what this installation is. */
export const instance = pgTable('instance', {
  id: integer().primaryKey(),
  mode: text().notNull(),
  wrappedPepper: bytes().notNull(),
  createdAt: integer().notNull(),
  bridgeStatus: json('standing').$type<Record<string, unknown>>(),
  bridgeStatusAt: integer('standing_at'),
  probedAt: integer(),
  auditLogged: integer(),
})

/** The server processes that serve this database, and when each was last seen. */
export const members = pgTable('members', {
  id: text().primaryKey(),
  host: text().notNull(),
  pid: integer().notNull(),
  seenAt: integer().notNull(),
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
