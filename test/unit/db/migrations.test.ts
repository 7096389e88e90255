import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api'
import { expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../../src/db/sqlite/migrate.ts'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import * as schema from '../../../src/db/sqlite/schema/index.ts'
import { testFolder } from '../../support/store.ts'

const migrations = new URL('../../../drizzle/sqlite', import.meta.url).pathname

function memory(): Sqlite.Database {
  const client = new Sqlite(':memory:')
  onTestFinished(() => void client.close())
  return client
}

/** A copy of the migrations, with more of our own behind them. */
function migrationsAnd(...more: { tag: string; sql: string }[]): string {
  const folder = join(testFolder(), 'migrations')
  cpSync(migrations, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { idx: number }[] }
  for (const { tag, sql } of more) {
    writeFileSync(join(folder, `${tag}.sql`), sql)
    const when = Date.UTC(2099, 0, 1)
    const entry = { idx: journal.entries.length, version: '6', when, tag, breakpoints: true }
    journal.entries.push(entry)
  }
  writeFileSync(path, JSON.stringify(journal))
  return folder
}

/** How many migrations an older program knew, which had none of this one yet. */
function countBefore(tag: string): number {
  const path = join(migrations, 'meta/_journal.json')
  const { entries } = JSON.parse(readFileSync(path, 'utf8')) as { entries: { tag: string }[] }
  return entries.findIndex((entry) => entry.tag.endsWith(tag))
}

/** Everything the schema consists of, as SQLite itself understood it. */
function shapeOf(client: Sqlite.Database): unknown {
  const tables = client
    .prepare<[], string>(
      `SELECT name FROM sqlite_schema WHERE type = 'table'
       AND name NOT LIKE 'sqlite_%' AND name <> '__drizzle_migrations' ORDER BY name`,
    )
    .pluck()
    .all()
  const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted()
  return tables.map((table) => ({
    table,
    // A column added later stands last, wherever the schema has it.
    columns: sorted(
      client
        .prepare('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)')
        .all(table),
    ),
    references: sorted(
      client
        .prepare(
          'SELECT "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?)',
        )
        .all(table),
    ),
    indexes: client
      .prepare<[string], string | null>(
        `SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? ORDER BY name`,
      )
      .pluck()
      .all(table),
  }))
}

it('the migrations make exactly the schema of the code', async () => {
  const migrated = memory()
  const generated = memory()

  migrate(migrated, migrations)
  const [nothing, wanted] = await Promise.all([
    generateSQLiteDrizzleJson({}),
    generateSQLiteDrizzleJson(schema, undefined, 'snake_case'),
  ])
  for (const sql of await generateSQLiteMigration(nothing, wanted)) generated.exec(sql)

  expect(shapeOf(migrated)).toEqual(shapeOf(generated))
})

it('opening again changes nothing', () => {
  const path = join(testFolder(), 'bank-api.sqlite')
  const first = openSqlite(path)
  first.exec(`INSERT INTO tenants (id, name, created_at) VALUES ('t', 'acme', 1)`)
  const before = first.prepare('SELECT * FROM __drizzle_migrations').all()
  first.close()

  const again = openSqlite(path)
  onTestFinished(() => void again.close())

  expect(again.prepare('SELECT * FROM __drizzle_migrations').all()).toEqual(before)
  expect(again.prepare('SELECT name FROM tenants').pluck().all()).toEqual(['acme'])
})

it('a newer program brings an older database up to date, and its rows along', () => {
  const client = memory()
  migrate(client, migrations)
  client.exec(`
    INSERT INTO tenants (id, name, created_at) VALUES ('t', 'acme', 1);
    INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at) VALUES ('s', 't', 'erp', x'00', 1);
  `)
  // A rebuilt parent table: with foreign keys on, dropping it would take the children along.
  const sql = [
    'CREATE TABLE tenants_new AS SELECT * FROM tenants;',
    'DROP TABLE tenants;',
    'CREATE TABLE tenants (id text PRIMARY KEY NOT NULL, name text NOT NULL UNIQUE, created_at integer NOT NULL, disabled_at integer);',
    'INSERT INTO tenants SELECT * FROM tenants_new;',
    'DROP TABLE tenants_new;',
  ].join('\n--> statement-breakpoint\n')

  migrate(client, migrationsAnd({ tag: '0099_rebuilt', sql }))

  expect(client.prepare('SELECT name FROM sites').pluck().all()).toEqual(['erp'])
  expect(client.pragma('foreign_keys', { simple: true })).toBe(1)
})

it('names stored before they were folded are found in their other spellings', () => {
  const path = join(testFolder(), 'bank-api.sqlite')
  const old = new Sqlite(path)
  migrate(old, migrations, undefined, countBefore('_folded_names'))
  old.exec(`
    INSERT INTO tenants (id, name, created_at) VALUES ('t', 'acme', 1);
    INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at)
      VALUES ('s', 't', 'ERP.Acme.example', x'00', 1);
    INSERT INTO bridge_users (id, site_id, name, created_at)
      VALUES ('u1', 's', 'Zoé@Straße.example', 1), ('u2', 's', '', 1);
  `)
  old.close()

  const client = openSqlite(path)
  onTestFinished(() => void client.close())

  expect(client.prepare('SELECT folded_name FROM sites').pluck().all()).toEqual([
    'erp.acme.example',
  ])
  expect(client.prepare('SELECT folded_name FROM bridge_users ORDER BY id').pluck().all()).toEqual([
    'zoé@strasse.example',
    '',
  ])
})

it('what is still known of this month and the one before counts as usage from the start', () => {
  const client = memory()
  migrate(client, migrations, undefined, countBefore('usage_and_read_only_keys'))
  const now = new Date()
  const monthAgo = (months: number) =>
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1, 0, 0, 0, 0)
  const [thisMonth, before, longBefore] = [monthAgo(0), monthAgo(1), monthAgo(2)]
  const call = (id: string, at: number, status: number, site: string | null) =>
    `INSERT INTO calls (id, at, method, status, duration_ms, tenant_id, site_id)
     VALUES ('${id}', ${at}, 'ping', ${status}, 1, 't', ${site === null ? 'NULL' : `'${site}'`});`
  const delivery = (seq: number, at: number, state: string) =>
    `INSERT INTO events (seq, id, dedupe_key, type, site_id, occurred_at, received_at)
     VALUES (${seq}, 'e${seq}', 'e${seq}', 'x', 's', ${at}, ${at});
     INSERT INTO deliveries (id, event_seq, site_id, state, created_at, settled_at)
     VALUES ('d${seq}', ${seq}, 's', '${state}', ${at}, ${at});`
  const item = (id: number, from: number, until: number | null) =>
    `INSERT INTO items (id, user_id, status, created_at, updated_at, gone_at)
     VALUES (${id}, 'u', 0, ${from}, 1, ${until});`
  client.exec(`
    INSERT INTO tenants (id, name, created_at) VALUES ('t', 'acme', 1);
    INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at) VALUES ('s', 't', 'erp', x'00', 1);
    INSERT INTO bridge_users (id, site_id, name, created_at) VALUES ('u', 's', 'ann', 1);
    ${call('1', thisMonth, 200, 's')} ${call('2', thisMonth, 404, 's')}
    ${call('3', thisMonth - 1, 200, 's')} ${call('4', thisMonth, 200, null)}
    ${call('5', thisMonth, 200, 'gone')}
    ${delivery(1, thisMonth, 'delivered')} ${delivery(2, before, 'delivered')}
    ${delivery(3, before, 'dead')} ${delivery(4, longBefore, 'delivered')}
    ${item(1, longBefore, null)} ${item(2, longBefore, before - 1)}
    ${item(3, before, thisMonth)} ${item(4, thisMonth, null)}
  `)

  migrate(client, migrations)

  const month = (at: number) => new Date(at).toISOString().slice(0, 7)
  const rows = client
    .prepare('SELECT month, site, connections, calls, webhooks FROM usage ORDER BY month, site')
    .raw()
    .all()
  expect(rows).toEqual([
    [month(before), 'erp', 2, 1, 1],
    [month(thisMonth), '', 0, 1, 0],
    [month(thisMonth), 'erp', 0, 1, 1],
  ])
})

it('nothing that stays in a database needs a function of ours: others open it without', () => {
  const path = join(testFolder(), 'bank-api.sqlite')
  openSqlite(path).close()

  const stranger = new Sqlite(path)
  onTestFinished(() => void stranger.close())

  stranger.exec(`
    INSERT INTO tenants (id, name, created_at) VALUES ('t', 'acme', 1);
    INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at) VALUES ('s', 't', 'erp', x'00', 1);
    VACUUM; REINDEX;
  `)
  expect(stranger.pragma('integrity_check', { simple: true })).toBe('ok')
  const stored = stranger.prepare<[], string>('SELECT sql FROM sqlite_schema').pluck().all()
  expect(stored.filter((sql) => sql?.includes('fold_name'))).toEqual([])
})

it('a database written by a newer program is refused, and stays as it is', () => {
  const client = memory()
  migrate(client, migrationsAnd({ tag: '0099_later', sql: 'CREATE TABLE later (id integer);' }))

  expect(() => migrate(client, migrations)).toThrow('newer bank-api')

  expect(client.prepare('SELECT count(*) FROM later').pluck().get()).toBe(0)
})

it('a migration that was changed after it ran is refused', () => {
  const client = memory()
  migrate(client, migrationsAnd({ tag: '0099_more', sql: 'CREATE TABLE more (id integer);' }))
  const changed = migrationsAnd({ tag: '0099_more', sql: 'CREATE TABLE other (id integer);' })

  expect(() => migrate(client, changed)).toThrow(/Migration \d+ is not the one/)
})

it('a migration that fails leaves nothing of itself behind', () => {
  const client = memory()
  migrate(client, migrations)
  const before = shapeOf(client)
  const sql = 'CREATE TABLE half (id integer);\n--> statement-breakpoint\nCREATE nonsense;'

  expect(() => migrate(client, migrationsAnd({ tag: '0099_broken', sql }))).toThrow('nonsense')

  expect(shapeOf(client)).toEqual(before)
})

it('a migration that leaves rows pointing nowhere is undone', () => {
  const client = memory()
  migrate(client, migrations)
  const sql = `INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at)
    VALUES ('s', 'nobody', 'erp', x'00', 1);`

  expect(() => migrate(client, migrationsAnd({ tag: '0099_orphans', sql }))).toThrow('nowhere')

  expect(client.prepare('SELECT count(*) FROM sites').pluck().get()).toBe(0)
})
