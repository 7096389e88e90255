import { and, asc, eq, getTableColumns, gt, isNotNull, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import {
  sealedColumns,
  type SealedColumn,
  type SealedStore,
  type SealedValue,
} from '../../ports/sealed.ts'
import { attempts, bridgeUsers, endpoints, events, sites } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'

interface Place {
  table: PgTable
  /** Its row's key, and the id its row is named with when it is sealed. */
  key: PgColumn
  rowId: PgColumn
  /** The sealed values. */
  column: PgColumn
}

const places: Record<SealedColumn, Place> = {
  'webhook-secret': { table: sites, key: sites.id, rowId: sites.id, column: sites.webhookSecret },
  'previous-webhook-secret': {
    table: endpoints,
    key: endpoints.siteId,
    rowId: endpoints.siteId,
    column: endpoints.previousSecret,
  },
  'user-email': {
    table: bridgeUsers,
    key: bridgeUsers.id,
    rowId: bridgeUsers.id,
    column: bridgeUsers.email,
  },
  'event-body': { table: events, key: events.seq, rowId: events.id, column: events.body },
  response: {
    table: attempts,
    key: attempts.id,
    rowId: attempts.deliveryId,
    column: attempts.response,
  },
}

/** What a value begins with that was sealed with this data key: the length of its id, and the id. */
const prefixOf = (keyId: string): Buffer => {
  const id = Buffer.from(keyId)
  return Buffer.concat([Buffer.from([id.length]), id])
}

/** Whether anything in these places is still sealed with this data key; reads each of their rows. */
export async function isSealedWith(
  db: Db,
  keyId: string,
  where: readonly SealedColumn[] = sealedColumns,
): Promise<boolean> {
  const prefix = prefixOf(keyId)
  for (const place of where) {
    const { table, column } = places[place]
    const begins = sql`substr(${column}, 1, ${prefix.length}) = ${prefix}`
    const found = await db
      .select({ one: sql`1` })
      .from(table)
      .where(begins)
      .limit(1)
    if (found.length > 0) return true
  }
  return false
}

/** The name drizzle's statements know a column by. */
const nameOf = ({ table, column }: Place): string =>
  Object.entries(getTableColumns(table)).find(([, one]) => one === column)![0]

export function sealedOperations({ run, transaction }: Tools): SealedStore {
  return {
    listSealed: (place, after, limit) =>
      run(async (db) => {
        const { table, key, rowId, column } = places[place]
        const rows = await db
          .select({ key, rowId, sealed: column })
          .from(table)
          .where(and(isNotNull(column), after === null ? undefined : gt(key, after)))
          .orderBy(asc(key))
          .limit(limit)
        return rows as SealedValue[]
      }),

    replaceSealed: (place, changes) =>
      transaction(async (db) => {
        const { table, key: keyColumn, column } = places[place]
        let replaced = 0
        for (const { key, from, to } of changes) {
          // Whoever wrote a newer one meanwhile wins.
          const isSame = and(eq(keyColumn, key), eq(column, from))
          const change = { [nameOf(places[place])]: to }
          replaced += (await db.update(table).set(change).where(isSame)).rowCount ?? 0
        }
        return replaced
      }),
  }
}
