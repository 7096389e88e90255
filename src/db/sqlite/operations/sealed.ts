import { and, asc, eq, gt, isNotNull, sql } from 'drizzle-orm'
import {
  sealedColumns,
  type SealedColumn,
  type SealedStore,
  type SealedValue,
} from '../../ports/sealed.ts'
import { schemaColumns, sealedPrefix } from '../../rules/sealed-columns.ts'
import type { Tools } from '../tools.ts'
import { named } from './owned-rows.ts'

const columnsOf = (sealed: SealedColumn) => {
  const { table: name, key, rowId, column: ofValue } = schemaColumns[sealed]
  const { table, column } = named(name)
  return { table, key: column(key), rowId: column(rowId), value: column(ofValue) }
}

/** Whether anything in these columns is still sealed with this data key; reads each of their rows. */
export function isSealedWith(
  db: Tools['db'],
  keyId: string,
  where: readonly SealedColumn[] = sealedColumns,
): boolean {
  const prefix = sealedPrefix(keyId)
  return where.map(columnsOf).some(({ table, value }) => {
    const begins = sql`substr(${value}, 1, ${prefix.length}) = ${prefix}`
    return db.select().from(table).where(begins).limit(1).get() !== undefined
  })
}

export function sealedOperations({ db, read, write }: Tools): SealedStore {
  return {
    listSealed: (column, after, limit) =>
      read((): SealedValue[] => {
        const { table, key, rowId, value } = columnsOf(column)
        return db
          .select({ key, rowId, sealed: value })
          .from(table)
          .where(and(isNotNull(value), after === null ? undefined : gt(key, after)))
          .orderBy(asc(key))
          .limit(limit)
          .all() as SealedValue[]
      }),

    replaceSealed: (column, changes) =>
      write(() => {
        const { table, key: keyColumn, value } = columnsOf(column)
        let replaced = 0
        for (const { key, from, to } of changes) {
          // Whoever wrote a newer one meanwhile wins.
          const isSame = and(eq(keyColumn, key), eq(value, from))
          const change = { [schemaColumns[column].column]: to }
          replaced += db.update(table).set(change).where(isSame).run().changes
        }
        return replaced
      }),
  }
}
