import type { SQL } from 'drizzle-orm'
import { index, integer, text, type AnySQLiteColumn } from 'drizzle-orm/sqlite-core'

/** What names the row that it is a part of, and goes with it. */
export const textOf = (whole: () => AnySQLiteColumn) =>
  text().notNull().references(whole, { onDelete: 'cascade' })

/** The same by a number. */
export const integerOf = (whole: () => AnySQLiteColumn) =>
  integer().notNull().references(whole, { onDelete: 'cascade' })

/** An index of those rows alone that somebody looks for. */
export const indexOfSome = (
  name: string,
  which: SQL,
  ...columns: [AnySQLiteColumn, ...AnySQLiteColumn[]]
) =>
  index(name)
    .on(...columns)
    .where(which)
