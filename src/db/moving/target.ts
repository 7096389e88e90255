import { asc } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type pg from 'pg'
import { stateOf, withoutValues } from '../postgres/errors.ts'
import { migrateWithin, migrationLock } from '../postgres/migrate.ts'
import { migrationsFolder } from '../postgres/open.ts'
import { MoveError } from './move-error.ts'
import { batchSize, isBehind, type ReadRows, type Row } from './rows.ts'
import { isCounted, type MovedTable } from './tables.ts'

/** A PostgreSQL database that takes an installation, within one transaction of one connection. */
export interface Target {
  read: ReadRows
  /** Stores rows of one table, no more than a batch. */
  write(table: MovedTable, rows: readonly Row[]): Promise<void>
  /** Has what counts go on behind the highest number that a row has, or had at the source: `last`. */
  countOn(table: MovedTable, last: number): Promise<void>
  /** Looks at what was stored, so that the first queries need not guess. */
  analyze(table: MovedTable): Promise<void>
}

/** Where a rehearsal stores its rows. */
const rehearsalSchema = 'bank_api_rehearsal'

/**
 * Makes our tables where they are missing, and takes them for ourselves until the transaction ends: a server that starts
 * meanwhile waits for that end, or fails. A rehearsal has a schema of its own.
 * @throws MoveError when one of them holds rows already
 */
export async function openTarget(
  client: pg.PoolClient,
  tables: readonly MovedTable[],
  { rehearse }: { rehearse: boolean },
): Promise<Target> {
  if (rehearse) {
    await client.query(`CREATE SCHEMA ${rehearsalSchema}`)
    await client.query(`SET LOCAL search_path = ${rehearsalSchema}`)
  }
  const { rows: locks } = await client.query<{ ours: boolean }>(
    'SELECT pg_try_advisory_xact_lock($1) AS ours',
    [migrationLock],
  )
  if (!locks[0]?.ours) throw new MoveError(isBeingMade)
  await migrateWithin(client, readMigrationFiles({ migrationsFolder }))
  // A mover that lost its connection unseen must not keep the tables for long.
  await client.query(`SET LOCAL idle_in_transaction_session_timeout = '1min'`)
  await client.query('LOCK TABLE instance IN EXCLUSIVE MODE')
  for (const { name } of tables) {
    const { rowCount } = await client.query(`SELECT 1 FROM "${name}" LIMIT 1`)
    if (rowCount !== 0) throw new MoveError(isFull(name))
  }
  const db = drizzle(client, { casing: 'snake_case' })
  return {
    read(table, last) {
      const columns = Object.fromEntries(table.columns.map(({ name, to }) => [name, to]))
      return db
        .select(columns)
        .from(table.to)
        .where(last && isBehind(table, 'to', last))
        .orderBy(...table.key.map(({ to }) => asc(to)))
        .limit(batchSize)
    },

    async write({ name, columns }, rows) {
      const names = columns.map(({ sqlName }) => `"${sqlName}"`)
      const lists = columns.map(({ to }, index) => `$${index + 1}::${baseTypeOf(to)}[]`)
      const values = columns.map(({ name, to }) => rows.map((row) => toDriver(to, row[name])))
      try {
        await client.query(
          `INSERT INTO "${name}" (${names.join()}) SELECT * FROM unnest(${lists.join()})`,
          values,
        )
      } catch (error) {
        if (!isAboutRows(error)) throw error
        const { message } = withoutValues(error) as Error
        throw new MoveError(`PostgreSQL does not take the rows of ${name}: ${message}`)
      }
    },

    async countOn({ name, columns }, last) {
      for (const { sqlName } of columns.filter(({ to }) => isCounted(to))) {
        await client.query(
          `SELECT setval(pg_get_serial_sequence($1, $2), highest)
           FROM (SELECT greatest(max("${sqlName}"), $3::bigint) AS highest FROM "${name}") AS rows
           WHERE highest > 0`,
          [`"${name}"`, sqlName, last],
        )
      }
    },

    analyze: async ({ name }) => void (await client.query(`ANALYZE "${name}"`)),
  }
}

const isBeingMade =
  'Another program makes or fills the tables of the database that is to take this installation. Wait for its end.'

const isFull = (table: string): string =>
  `The database that is to take this installation holds rows already (${table}). A move that was broken off leaves none: ` +
  'this one holds a whole move, or another installation.'

/** A value that is none of the column's, or a row that another one, or none, stands in the way of. */
const isAboutRows = (error: unknown): boolean => /^2[23]/.test(stateOf(error) ?? '')

/** The type of a column without its collation. */
const baseTypeOf = (column: PgColumn): string => column.getSQLType().split(' ')[0]!

const toDriver = (column: PgColumn, value: unknown): unknown =>
  value === null ? null : column.mapToDriverValue(value)
