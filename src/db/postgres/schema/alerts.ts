import { pgTable } from 'drizzle-orm/pg-core'
import { integer, text } from './types.ts'

/** Problems that the operator was told of, until they are over. */
export const alerts = pgTable('alerts', {
  about: text().primaryKey(),
  toldAt: integer().notNull(),
})
