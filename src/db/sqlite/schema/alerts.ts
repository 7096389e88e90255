import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Problems that the operator was told of, until they are over. */
export const alerts = sqliteTable('alerts', {
  about: text().primaryKey(),
  toldAt: integer().notNull(),
})
