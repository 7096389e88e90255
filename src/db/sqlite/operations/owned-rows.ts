import { eq, getTableColumns, inArray, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { ExportKind } from '../../ports/exports.ts'
import { ownedRows, type TableName, type RowOwner } from '../../rules/owned-rows.ts'
import * as schema from '../schema/index.ts'
import type { Tools } from '../tools.ts'

type Db = Tools['db']

const tables: Record<TableName, SQLiteTable> = schema

/** A table that a rule names, and its columns by their names. */
export function named(name: TableName): {
  table: SQLiteTable
  column: (name: string) => SQLiteColumn
} {
  const table = tables[name]
  const columns = getTableColumns(table)
  return { table, column: (name) => columns[name]! }
}

/** The rows of a kind that are a tenant's or a site's, as a condition on their table. */
export function rowsOf(db: Db, kind: ExportKind, whose: RowOwner): SQL {
  const { table, by, bySite = by, of } = ownedRows[kind]
  const { column } = named(table)
  if (of === undefined) return eq(column(whose.kind === 'site' ? bySite : by), whose.subjectId)
  return inArray(column(by), keysOf(db, of, whose))
}

const keysOf = (db: Db, kind: ExportKind, whose: RowOwner) => {
  const { table, column } = named(ownedRows[kind].table)
  return db
    .select({ key: column(ownedRows[kind].key) })
    .from(table)
    .where(rowsOf(db, kind, whose))
}
