import { getTableColumns, getTableName, is, type SQL, sql } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import { getTableConfig, type PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { type SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import * as postgres from '../postgres/schema/index.ts'
import * as sqlite from '../sqlite/schema/index.ts'

/** One column on both sides, and the name that drizzle gives its values. */
interface MovedColumn {
  name: string
  from: SQLiteColumn | SQL<number>
  to: PgColumn
  /** As the database calls it. */
  sqlName: string
}

/** A table that moves: the same rows on both sides. */
export interface MovedTable {
  name: string
  from: SQLiteTable
  to: PgTable
  columns: readonly MovedColumn[]
  /** The columns of its primary key, by which both sides order rows alike. */
  key: readonly MovedColumn[]
}

/** What means nothing elsewhere: which server has the file, and which keys it has in hand. */
const leftBehind = /^(?:instance\.server(?:Id|Host|Pid|SeenAt)|data_keys\.seenAt)$/

/**
 * What SQLite's schema has, paired with PostgreSQL's; each table behind those that it refers to. What PostgreSQL has besides
 * starts empty there, but for numbers that it counts itself: those are in the order in which SQLite took the rows.
 * Throws when PostgreSQL has no place for something.
 */
export function movedTables(from: object = sqlite, to: object = postgres): readonly MovedTable[] {
  const targets = new Map(
    Object.values(to)
      .filter((table) => is(table, PgTable))
      .map((table) => [getTableName(table), table]),
  )
  const pairs = Object.values(from)
    .filter((table) => is(table, SQLiteTable))
    .map((table) => pair(table, targets.get(getTableName(table))))
  return inOrder(pairs)
}

function pair(from: SQLiteTable, to: PgTable | undefined): MovedTable {
  const name = getTableName(from)
  if (!to) throw new Error(`PostgreSQL has no table ${name}`)
  const here = getTableColumns(from)
  const there = getTableColumns(to)
  const homeless = Object.keys(here).find(
    (column) => !there[column] && !leftBehind.test(`${name}.${column}`),
  )
  if (homeless !== undefined) throw new Error(`PostgreSQL has no column ${name}.${homeless}`)
  const columns = Object.entries(there).flatMap(([column, target]): MovedColumn[] => {
    const source = here[column] ?? (isCounted(target) ? sql<number>`rowid` : undefined)
    return source ? [{ name: column, from: source, to: target, sqlName: nameOf(target) }] : []
  })
  const key = columns.filter((column) => isInKey(to, column.to))
  if (key.length === 0) throw new Error(`The table ${name} has no key to order its rows by`)
  return { name, from, to, columns, key }
}

/** Whether the database gives a column its numbers. */
export const isCounted = ({ generatedIdentity }: PgColumn): boolean =>
  generatedIdentity !== undefined

const nameOf = ({ name, keyAsName }: PgColumn): string => (keyAsName ? toSnakeCase(name) : name)

const isInKey = (table: PgTable, column: PgColumn): boolean =>
  column.primary ||
  getTableConfig(table).primaryKeys.some(({ columns }) =>
    columns.some(({ name }) => name === column.name),
  )

function inOrder(tables: readonly MovedTable[]): MovedTable[] {
  const ordered = new Set<MovedTable>()
  const add = (table: MovedTable): void => {
    const named = getTableConfig(table.to).foreignKeys.map((key) => key.reference().foreignTable)
    for (const other of tables) {
      if (other !== table && !ordered.has(other) && named.includes(other.to)) add(other)
    }
    ordered.add(table)
  }
  for (const table of tables) if (!ordered.has(table)) add(table)
  return [...ordered]
}
