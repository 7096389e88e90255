import { and, asc, eq, gt, isNotNull, sql } from 'drizzle-orm'
import {
  sealedColumns,
  type SealedColumn,
  type SealedStore,
  type SealedValue,
} from '../../ports/sealed.ts'
import { sealedPlaces, sealedPrefix } from '../../rules/sealed-places.ts'
import { changed, type Db, type Tools } from '../tools.ts'
import { named } from './owned-rows.ts'

const placeOf = (sealed: SealedColumn) => {
  const { table: name, key, rowId, column: ofValue } = sealedPlaces[sealed]
  const { table, column } = named(name)
  return { table, key: column(key), rowId: column(rowId), value: column(ofValue) }
}

/** Whether anything in these places is still sealed with this data key; reads each of their rows. */
export async function isSealedWith(
  db: Db,
  keyId: string,
  where: readonly SealedColumn[] = sealedColumns,
): Promise<boolean> {
  const prefix = sealedPrefix(keyId)
  for (const { table, value } of where.map(placeOf)) {
    const begins = sql`substr(${value}, 1, ${prefix.length}) = ${prefix}`
    if ((await db.select().from(table).where(begins).limit(1)).length > 0) return true
  }
  return false
}

export function sealedOperations({ run, transaction }: Tools): SealedStore {
  return {
    listSealed: (place, after, limit) =>
      run(async (db) => {
        const { table, key, rowId, value } = placeOf(place)
        const rows = await db
          .select({ key, rowId, sealed: value })
          .from(table)
          .where(and(isNotNull(value), after === null ? undefined : gt(key, after)))
          .orderBy(asc(key))
          .limit(limit)
        return rows as SealedValue[]
      }),

    replaceSealed: (place, changes) =>
      transaction(async (db) => {
        const { table, key: keyColumn, value } = placeOf(place)
        let replaced = 0
        for (const { key, from, to } of changes) {
          // Whoever wrote a newer one meanwhile wins.
          const isSame = and(eq(keyColumn, key), eq(value, from))
          const change = { [sealedPlaces[place].column]: to }
          replaced += await changed(db.update(table).set(change).where(isSame))
        }
        return replaced
      }),
  }
}
