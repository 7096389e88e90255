import { eq, isNull, sql, type Column, type SQL } from 'drizzle-orm'

/** A value that a prepared statement is given each time it runs. */
export const given = sql.placeholder

/** That columns of a table are as a filter says, each that it says something of. */
export const matching = <Name extends string>(
  filter: Readonly<{ [Key in Name]?: unknown }>,
  table: Readonly<Record<Name, Column>>,
  names: readonly Name[],
): (SQL | undefined)[] =>
  names.map((name) =>
    when(filter[name], (value) => (value === null ? isNull(table[name]) : eq(table[name], value))),
  )

/** A condition about a value, where there is one. */
export const when = <T>(value: T | undefined, is: (value: T) => SQL | undefined): SQL | undefined =>
  value === undefined ? undefined : is(value)
