import Sqlite from 'better-sqlite3'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { Instance } from '../../ports/instance.ts'
import { migrate } from '../migrate.ts'
import { migrationsFolder } from '../open.ts'
import { withFile } from './with-file.ts'

/** What a database file holds, read without changing a byte of it. */
export interface Inspection {
  /** What is broken; empty when nothing is. */
  damage: string[]
  /** `older`: it is migrated when opened. `newer`: this program refuses it. `foreign`: not ours. */
  schema: 'current' | 'older' | 'newer' | 'foreign'
  migrations: { applied: number; known: number }
  /** Rows by table. */
  counts: Record<string, number>
  instance: Instance | undefined
  /** A webhook secret with the row it is sealed to: what proves that a key opens more than itself. */
  sample: { siteId: string; sealed: Buffer } | undefined
}

/**
 * Reads a whole database file: pages, references, schema, counts. What its migrations did not make is damage, for a trigger
 * or a view may undo or show what it likes. Throws when it is no database at all.
 */
export const inspectDatabase = (path: string): Inspection =>
  withFile(path, (client) => {
    client.pragma('trusted_schema = OFF') // whoever changed it may have left functions in it
    const pages = client.pragma('integrity_check', { simple: false }) as {
      integrity_check: string
    }[]
    const damage = pages.map((row) => row.integrity_check).filter((text) => text !== 'ok')
    const orphans =
      client.prepare<[], number>('SELECT count(*) FROM pragma_foreign_key_check').pluck().get() ?? 0
    if (orphans > 0) damage.push(`${orphans} rows point nowhere`)

    const tables = client
      .prepare<[], string>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .pluck()
      .all()
    const applied = tables.includes('__drizzle_migrations')
      ? client
          .prepare<[], string>('SELECT hash FROM __drizzle_migrations ORDER BY id')
          .pluck()
          .all()
      : []
    const known = readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash)
    const schema = compare(applied, known)
    if (schema === 'current' || schema === 'older') {
      damage.push(...strangersIn(client, applied.length))
    }
    const ours = schema !== 'foreign'
    return {
      damage,
      schema,
      migrations: { applied: applied.length, known: known.length },
      counts: Object.fromEntries(
        tables
          .filter((table) => !table.startsWith('__'))
          .map((table) => [table, count(client, table)]),
      ),
      instance: ours ? readInstance(client) : undefined,
      sample: ours ? readSample(client) : undefined,
    }
  })

function compare(applied: readonly string[], known: readonly string[]): Inspection['schema'] {
  if (applied.length === 0) return 'foreign'
  const shared = Math.min(applied.length, known.length)
  if (applied.slice(0, shared).some((hash, index) => hash !== known[index])) return 'foreign'
  if (applied.length > known.length) return 'newer'
  return applied.length < known.length ? 'older' : 'current'
}

/** What makes a schema: each table, index, trigger and view with the text that made it, blanks and quotes aside. */
function partsOf(client: Sqlite.Database): Map<string, string> {
  const parts = client
    .prepare<[], { type: string; name: string; sql: string | null }>(
      // SQLite's own: what ANALYZE counted, and the numbers given out.
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' AND name <> 'sqlite_sequence'",
    )
    .all()
  return new Map(
    parts.map(({ type, name, sql }) => [`${type} ${name}`, (sql ?? '').replaceAll(/[\s"`]/g, '')]),
  )
}

/** What stands in a schema that its first `applied` migrations did not put there, or what they did and is not there. */
function strangersIn(client: Sqlite.Database, applied: number): string[] {
  const made = new Sqlite(':memory:')
  try {
    migrate(made, migrationsFolder, undefined, applied)
    const wanted = partsOf(made)
    const found = partsOf(client)
    return [
      ...Array.from(found, ([name, sql]) => {
        if (!wanted.has(name)) return [`it holds a ${name} that no migration made`]
        return wanted.get(name) === sql ? [] : [`its ${name} is not as the migrations made it`]
      }).flat(),
      ...Array.from(wanted.keys())
        .filter((name) => !found.has(name))
        .map((name) => `its ${name} is missing`),
    ]
  } finally {
    made.close()
  }
}

const count = (client: Sqlite.Database, table: string): number =>
  client.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get() ?? 0

/** The installation in a database file; undefined when no server ever opened it. Throws when it is no database of ours. */
export const instanceIn = (path: string): Instance | undefined => withFile(path, readInstance)

/** Whose each thing is; none of them ever changes hands. */
const owned = [
  ['key', 'api_keys', 'api_key', 'tenant_id'],
  ['key', 'api_keys', 'api_key', 'site_id'],
  ['site', 'sites', 'id', 'tenant_id'],
  ['user', 'bridge_users', 'id', 'site_id'],
  ['item', 'items', 'id', 'user_id'],
] as const

/** What belongs to somebody else in a copy than in the database of the same installation, at most five of each kind. */
export const findMoved = (copy: string, database: string): string[] =>
  withFile(copy, (client) => {
    client.prepare('ATTACH ? AS present').run(database)
    const moved = owned.flatMap(([kind, table, id, owner]) =>
      client
        .prepare<[], string>(
          `SELECT '${kind} ' || ${id} FROM ${table} AS here JOIN present.${table} AS there USING (${id})
           WHERE here.${owner} IS NOT there.${owner} LIMIT 5`,
        )
        .pluck()
        .all(),
    )
    return Array.from(new Set(moved))
  })

// Plain SQL with the columns of the first schema: the file may be older than our row types.
function readInstance(client: Sqlite.Database): Instance | undefined {
  const row = client
    .prepare<[], Omit<Instance, 'dataKeys'>>(
      'SELECT mode, wrapped_pepper AS wrappedPepper FROM instance',
    )
    .get()
  const dataKeys = client
    .prepare<[], Instance['dataKeys'][number]>(
      'SELECT id, wrapped_key AS wrappedKey FROM data_keys ORDER BY created_at',
    )
    .all()
  return row && { ...row, dataKeys }
}

function readSample(client: Sqlite.Database): Inspection['sample'] {
  return client
    .prepare<[], { siteId: string; sealed: Buffer }>(
      'SELECT id AS siteId, webhook_secret AS sealed FROM sites LIMIT 1',
    )
    .get()
}
