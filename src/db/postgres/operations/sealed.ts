import { and, asc, eq, gt, isNotNull, lte, sql, type SQL, type SQLWrapper } from 'drizzle-orm'
import { when } from '../../conditions.ts'
import {
  sealedColumns,
  type SealedColumn,
  type SealedStore,
  type SealedValue,
} from '../../ports/sealed.ts'
import { schemaColumns, sealedPrefix } from '../../rules/sealed-columns.ts'
import { changed, type Db, type Tools } from '../tools.ts'
import { named } from './owned-rows.ts'

const columnsOf = (sealed: SealedColumn) => {
  const { table: name, key, rowId, column: ofValue } = schemaColumns[sealed]
  const { table, column } = named(name)
  return { table, key: column(key), rowId: column(rowId), value: column(ofValue) }
}

/** So many rows of a table are looked at by one statement, which must end in time. */
const stepRows = 5_000

/**
 * The first values of a column, by key, that are as asked. It takes as many steps as it needs: rows outlive what was sealed in
 * them, so there may be millions without any before the next one.
 */
async function findSealed(
  db: Db,
  column: SealedColumn,
  {
    after = null,
    limit,
    which,
  }: { after?: string | number | null; limit: number; which: (value: SQLWrapper) => SQL },
): Promise<SealedValue[]> {
  const { table, key, rowId, value } = columnsOf(column)
  const found: SealedValue[] = []
  for (let last = after; ;) {
    const behind = last === null ? undefined : gt(key, last)
    // First where the step ends: rows that go meanwhile make it shorter, and the next one begins no further.
    const keys = db.select({ key }).from(table).where(behind).orderBy(asc(key))
    const [end] = await keys.limit(1).offset(stepRows - 1)
    const some = db
      .select({ key, rowId, sealed: value })
      .from(table)
      .where(
        and(
          behind,
          when(end, (row) => lte(key, row.key)),
          which(value),
        ),
      )
      .orderBy(asc(key))
    found.push(...((await some.limit(limit - found.length)) as SealedValue[]))
    if (!end || found.length === limit) return found
    last = end.key as string | number
  }
}

/** Whether anything in these columns is still sealed with this data key; reads each of their rows. */
export async function isSealedWith(
  db: Db,
  keyId: string,
  where: readonly SealedColumn[] = sealedColumns,
): Promise<boolean> {
  const prefix = sealedPrefix(keyId)
  const which = (value: SQLWrapper) => sql`substr(${value}, 1, ${prefix.length}) = ${prefix}`
  for (const column of where) {
    if ((await findSealed(db, column, { limit: 1, which })).length > 0) return true
  }
  return false
}

export function sealedOperations({ run, transaction }: Tools): SealedStore {
  return {
    listSealed: (column, after, limit) =>
      run((db) => findSealed(db, column, { after, limit, which: isNotNull })),

    replaceSealed: (column, changes) =>
      transaction(async (db) => {
        const { table, key: keyColumn, value } = columnsOf(column)
        let replaced = 0
        for (const { key, from, to } of changes) {
          // Whoever wrote a newer one meanwhile wins.
          const isSame = and(eq(keyColumn, key), eq(value, from))
          const change = { [schemaColumns[column].column]: to }
          replaced += await changed(db.update(table).set(change).where(isSame))
        }
        return replaced
      }),
  }
}
