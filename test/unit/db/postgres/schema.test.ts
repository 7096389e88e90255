import type Sqlite from 'better-sqlite3'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import * as schema from '../../../../src/db/postgres/schema/index.ts'
import { openSqlite } from '../../../../src/db/sqlite/open.ts'
import { emptyDatabase, testDatabase, withPostgres } from '../../../support/postgres.ts'

/** What SQLite has by itself, the order rows came in; and what more than one server needs. */
const ownToPostgres = [
  /^data_keys\.seq$/,
  /^members\./,
  /^leader\./,
  /^work_claims\./,
  /^bridge_quota\./,
  // These stay for servers of the version before, which may be at work beside newer ones.
  /^(?:console|portal)_sessions\./,
]

/** The one server of a file, and which keys it has seen. */
const ownToSqlite = [/^instance\.server_/, /^data_keys\.seen_at$/]

interface Column {
  table: string
  column: string
  isNullable: boolean
  kind: string
}

const kinds: Record<string, string> = {
  INTEGER: 'number',
  bigint: 'number',
  boolean: 'number',
  TEXT: 'text',
  text: 'text',
  json: 'text',
  BLOB: 'bytes',
  bytea: 'bytes',
}

function columnsInSqlite(client: Sqlite.Database): Column[] {
  const rows = client
    .prepare<[], { table: string; column: string; type: string; isNullable: number }>(
      `SELECT t.name AS "table", c.name AS "column", c.type, c."notnull" = 0 AND c.pk = 0 AS isNullable
       FROM sqlite_schema t, pragma_table_xinfo(t.name) c
       WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '__drizzle_migrations'
       ORDER BY t.name, c.name`,
    )
    .all()
  return rows.map(({ table, column, type, isNullable }) => ({
    table,
    column,
    isNullable: isNullable === 1,
    kind: kinds[type] ?? type,
  }))
}

async function connected(url: string): Promise<Client> {
  const client = new Client(url)
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

async function columnsInPostgres(url: string): Promise<Column[]> {
  const client = await connected(url)
  const { rows } = await client.query<{
    table: string
    column: string
    type: string
    nullable: string
  }>(
    `SELECT table_name AS "table", column_name AS "column", data_type AS type, is_nullable AS nullable
     FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> '__drizzle_migrations'
     ORDER BY table_name COLLATE "C", column_name COLLATE "C"`,
  )
  return rows.map(({ table, column, type, nullable }) => ({
    table,
    column,
    isNullable: nullable === 'YES',
    kind: kinds[type] ?? type,
  }))
}

/** Everything the schema consists of, as PostgreSQL itself understood it. */
async function shapeOf(url: string): Promise<unknown> {
  const client = await connected(url)
  const all = async (text: string) => (await client.query(text)).rows as unknown[]
  return {
    columns: await all(
      `SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default, is_identity
       FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name <> '__drizzle_migrations' ORDER BY 1, 2`,
    ),
    indexes: await all(
      `SELECT indexdef FROM pg_indexes
       WHERE schemaname = 'public' AND tablename <> '__drizzle_migrations' ORDER BY 1`,
    ),
    constraints: await all(
      `SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'u', 'p')
       AND conrelid::regclass::text <> '__drizzle_migrations' ORDER BY 2, 1`,
    ),
  }
}

withPostgres((it, server) => {
  it('both engines have the same tables and columns, of the same kind', async () => {
    const sqlite = openSqlite(':memory:')
    onTestFinished(() => void sqlite.close())

    const columns = await columnsInPostgres(await testDatabase(server))

    const without = (all: Column[], own: RegExp[]) =>
      all.filter(({ table, column }) => !own.some((name) => name.test(`${table}.${column}`)))
    expect(without(columns, ownToPostgres)).toEqual(without(columnsInSqlite(sqlite), ownToSqlite))
  })

  it('both engines have the same indexes', async () => {
    const sqlite = openSqlite(':memory:')
    onTestFinished(() => void sqlite.close())
    const inFile = sqlite
      .prepare<[], { name: string }>(
        `SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`,
      )
      .all()

    const client = await connected(await testDatabase(server))
    const { rows } = await client.query<{ table: string; name: string }>(
      `SELECT tablename AS "table", indexname AS name FROM pg_indexes
       WHERE schemaname = 'public' AND tablename <> '__drizzle_migrations' AND indexname NOT LIKE '%_pkey'`,
    )
    const common = rows.filter(
      ({ table, name }) => !ownToPostgres.some((own) => own.test(`${table}.${name}`)),
    )
    expect(common.map(({ name }) => name).toSorted()).toEqual(
      inFile.map(({ name }) => name).toSorted(),
    )
  })

  it('the migrations end in the schema as it is written down', async () => {
    const built = await emptyDatabase(server)
    const json = generateDrizzleJson(schema, undefined, undefined, 'snake_case')
    const client = await connected(built)
    const statements = await generateMigration(generateDrizzleJson({}), json)
    for (const statement of statements) await client.query(statement)

    const migrated = await testDatabase(server)
    await (await connected(migrated)).query('DROP TABLE console_sessions, portal_sessions')
    expect(await shapeOf(migrated)).toEqual(await shapeOf(built))
  })
})
