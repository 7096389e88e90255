import { and, asc, getTableColumns, gt } from 'drizzle-orm'
import type { ExportStore } from '../../ports/exports.ts'
import { ownedRows } from '../../rules/owned-rows.ts'
import type { Tools } from '../tools.ts'
import { named, rowsOf } from './owned-rows.ts'

export const exportOperations = ({ db, read }: Tools): ExportStore => ({
  listForExport: (tenantId, kind, { after, limit }) =>
    read(() => {
      const { table: name, key: keyName, keptBack = [] } = ownedRows[kind]
      const { table, column } = named(name)
      const columns = Object.entries(getTableColumns(table)).filter(
        ([name]) => !keptBack.includes(name),
      )
      const key = column(keyName)
      const mine = rowsOf(db, kind, { kind: 'tenant', subjectId: tenantId })
      const rows: Record<string, unknown>[] = db
        .select(Object.fromEntries(columns))
        .from(table)
        .where(and(mine, after === null ? undefined : gt(key, after)))
        .orderBy(asc(key))
        .limit(limit)
        .all()
      return rows.map((row) => ({ key: row[keyName] as string | number, row }))
    }),
})
