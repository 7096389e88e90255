import Sqlite from 'better-sqlite3'
import { asc } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { toText } from '../postgres/tools.ts'
import { batchSize, isBehind, type ReadRows, type Row } from './rows.ts'
import type { MovedTable } from './tables.ts'

/** The rows of a database file, as one moment after the other saw them. */
export interface Source {
  read: ReadRows
  /** From now on reads see the present. */
  refresh(): void
  count(table: MovedTable): number
  /** The highest number that a table ever gave to a row, of those that count; 0 where none did. */
  lastNumber(table: MovedTable): number
  close(): void
}

/** Opens a database file for reading, others may write to it meanwhile. */
export function openSource(path: string): Source {
  const client = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 5_000 })
  const db = drizzle(client, { casing: 'snake_case' })
  client.exec('BEGIN')
  return {
    read(table, last) {
      const columns = Object.fromEntries(table.columns.map(({ name, from }) => [name, from]))
      const rows = db
        .select(columns)
        .from(table.from)
        .where(last && isBehind(table, 'from', last))
        .orderBy(...table.key.map(({ from }) => asc(from)))
        .limit(batchSize)
        .all() as Row[]
      return rows.map(storable)
    },
    refresh: () => void client.exec('COMMIT; BEGIN'),
    count: ({ name }) =>
      client.prepare<[], number>(`SELECT count(*) FROM "${name}"`).pluck().get() ?? 0,
    lastNumber: ({ name }) =>
      client
        .prepare<[string], number>('SELECT seq FROM sqlite_sequence WHERE name = ?')
        .pluck()
        .get(name) ?? 0,
    close: () => client.close(),
  }
}

/** A row as PostgreSQL can keep it. */
const storable = (row: Row): Row =>
  Object.values(row).some((value) => toText(value) !== value)
    ? Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toText(value)]))
    : row
