import { pgTable } from 'drizzle-orm/pg-core'
import { integer, text } from './types.ts'

/** Troubles that the operator was told of, until they are over. */
export const alerts = pgTable('alerts', {
  about: text().primaryKey(),
  toldAt: integer().notNull(),
})
