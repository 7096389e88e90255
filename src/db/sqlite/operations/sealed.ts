import { and, asc, gt, isNotNull, sql } from 'drizzle-orm'
import {
  sealedColumns,
  type SealedColumn,
  type SealedStore,
  type SealedValue,
} from '../../ports/sealed.ts'
import { attempts, bridgeUsers, endpoints, events, sites } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

type Db = Tools['db']

/** Each column that holds sealed values: its row's key, and the id its row is named with when it is sealed. */
const places = {
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
} as const

/** What a value begins with that was sealed with this data key: the length of its id, and the id. */
const prefixOf = (keyId: string): Buffer => {
  const id = Buffer.from(keyId)
  return Buffer.concat([Buffer.from([id.length]), id])
}

/** Whether anything in these places is still sealed with this data key; reads each of their rows. */
export function isSealedWith(
  db: Db,
  keyId: string,
  where: readonly SealedColumn[] = sealedColumns,
): boolean {
  const prefix = prefixOf(keyId)
  return where.some((place) => {
    const { table, column } = places[place]
    const begins = sql`substr(${column}, 1, ${prefix.length}) = ${prefix}`
    return (
      db
        .select({ one: sql`1` })
        .from(table)
        .where(begins)
        .limit(1)
        .get() !== undefined
    )
  })
}

/** A value replaced while it is still the same: whoever wrote a newer one meanwhile wins. */
function replace(db: Db, place: SealedColumn, key: string | number, from: Buffer, to: Buffer) {
  const { table, key: keyColumn, column } = places[place]
  return db.run(
    sql`UPDATE ${table} SET ${sql.identifier(columnName[place])} = ${to}
        WHERE ${keyColumn} = ${key} AND ${column} = ${from}`,
  ).changes
}

const columnName: Record<SealedColumn, string> = {
  'webhook-secret': 'webhook_secret',
  'previous-webhook-secret': 'previous_secret',
  'user-email': 'email',
  'event-body': 'body',
  response: 'response',
}

export function sealedOperations({ db, read, write }: Tools): SealedStore {
  return {
    listSealed: (place, after, limit) =>
      read((): SealedValue[] => {
        const { table, key, rowId, column } = places[place]
        return db
          .select({ key, rowId, sealed: column })
          .from(table)
          .where(and(isNotNull(column), after === null ? undefined : gt(key, after)))
          .orderBy(asc(key))
          .limit(limit)
          .all() as SealedValue[]
      }),

    replaceSealed: (place, changes) =>
      write(() =>
        changes.reduce((sum, { key, from, to }) => sum + replace(db, place, key, from, to), 0),
      ),
  }
}
