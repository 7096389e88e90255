import { pgTable } from 'drizzle-orm/pg-core'
import type { Receipt, Removal } from '../../ports/removals.ts'
import { boolean, integer, json, text } from './types.ts'

/** Deletions under way, and the receipts of those that ended. No reference: the receipt outlives what it is about. */
export const removals = pgTable('removals', {
  id: text().primaryKey(),
  kind: text<Removal['kind']>().notNull(),
  tenantId: text().notNull(),
  subjectId: text().notNull().unique(),
  name: text().notNull(),
  withBridgeUsers: boolean().notNull(),
  actor: text().notNull(),
  startedAt: integer().notNull(),
  finishedAt: integer(),
  receipt: json().$type<Receipt>().notNull(),
})
