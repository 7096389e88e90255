import type { SQL } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  index,
  json as pgJson,
  type AnyPgColumn,
} from 'drizzle-orm/pg-core'

/** Compared byte by byte, as SQLite does, whatever the database's collation: one that changes cannot break an index. */
const cText = customType<{ data: string; driverData: string }>({
  dataType: () => 'text COLLATE "C"',
})

/** A text, or one of a few words. */
export const text = <Word extends string = string>() => cText().$type<Word>()

/** Bridge's ids and times in milliseconds do not fit in four bytes. */
export const integer = (name?: string) =>
  name === undefined ? bigint({ mode: 'number' }) : bigint(name, { mode: 'number' })

/** A number that the database counts up; a copy from another engine brings its own. */
export const counted = () => integer().generatedByDefaultAsIdentity()

/** The same as a key. */
export const identity = () => counted().primaryKey()

export const bytes = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })

/** As it was written, the order of its keys too: `jsonb` sorts them, and knows no U+0000. */
export const json = (name?: string) => (name === undefined ? pgJson() : pgJson(name))

export { boolean }

/** What names the row that it is a part of, and goes with it. */
export const textOf = (whole: () => AnyPgColumn) =>
  text().notNull().references(whole, { onDelete: 'cascade' })

/** The same by a number. */
export const integerOf = (whole: () => AnyPgColumn) =>
  integer().notNull().references(whole, { onDelete: 'cascade' })

/** An index of those rows alone that somebody looks for. */
export const indexOfSome = (
  name: string,
  which: SQL,
  ...columns: [AnyPgColumn, ...AnyPgColumn[]]
) =>
  index(name)
    .on(...columns)
    .where(which)
