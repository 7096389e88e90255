import { pgTable, primaryKey } from 'drizzle-orm/pg-core'
import type { Work } from '../../ports/members.ts'
import type { QuotaLedger } from '../../rules/quota-lending.ts'
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

/** The server processes that serve this database, when each was last seen, and the newest data key it has in hand. */
export const members = pgTable('members', {
  id: text().primaryKey(),
  host: text().notNull(),
  pid: integer().notNull(),
  seenAt: integer().notNull(),
  dataKey: text(),
})

/** At most one row: which member does what is done once for the installation, and until when no other one may. */
export const leader = pgTable('leader', {
  id: integer().primaryKey(),
  memberId: text().notNull(),
  leadUntil: integer().notNull(),
})

/** What a member works on that no other may meanwhile: the events of a user, a callback. */
export const workClaims = pgTable(
  'work_claims',
  {
    kind: text<Work>().notNull(),
    /** A user's id, empty for events of nobody; or a request's. */
    subject: text().notNull(),
    claimedBy: text().notNull(),
    claimedUntil: integer().notNull(),
  },
  (claim) => [primaryKey({ columns: [claim.kind, claim.subject] })],
)

/** One row: what is spent of Bridge's quota, which all members share. */
export const bridgeQuota = pgTable('bridge_quota', {
  id: integer().primaryKey(),
  state: json().$type<QuotaLedger>().notNull(),
  /** Counts the changes: whoever read it changes it only when nobody else did since. */
  version: integer().notNull(),
})

/** Random keys that seal rows, each wrapped by a master key. The newest seals; all of them open. */
export const dataKeys = pgTable('data_keys', {
  id: text().primaryKey(),
  /** In which order they came: SQLite numbers rows by itself. */
  seq: counted(),
  wrappedKey: bytes().notNull(),
  createdAt: integer().notNull(),
})
