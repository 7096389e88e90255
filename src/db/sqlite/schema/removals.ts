import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Receipt } from '../../ports/removals.ts'

/** Deletions under way, and the receipts of those that ended. No reference: the receipt outlives what it is about. */
export const removals = sqliteTable('removals', {
  id: text().primaryKey(),
  kind: text({ enum: ['site', 'tenant'] }).notNull(),
  tenantId: text().notNull(),
  /** The site's or the tenant's id: each is deleted once. */
  subjectId: text().notNull().unique(),
  name: text().notNull(),
  /** Whether users that have no item left are deleted at Bridge too. */
  withBridgeUsers: integer({ mode: 'boolean' }).notNull(),
  actor: text().notNull(),
  startedAt: integer().notNull(),
  finishedAt: integer(),
  /** What went so far, counted in the same commit as each deletion. */
  receipt: text({ mode: 'json' }).$type<Receipt>().notNull(),
})
