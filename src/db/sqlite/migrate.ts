import type Sqlite from 'better-sqlite3'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { foldName } from '../../names.ts'
import { DatabaseVersionError } from '../store-errors.ts'

/**
 * Brings the schema up to date, all of it in one transaction.
 * Not drizzle's own `migrate()`: that one leaves foreign keys on while it rebuilds a table, which deletes the
 * table's child rows, and accepts databases that a newer program wrote.
 * `beforeChange` is called under the lock before a database that holds something changes, with the number of its next
 * migration; when it throws, nothing changes. `first` says how many migrations there are, when not all of them.
 */
export function migrate(
  client: Sqlite.Database,
  migrationsFolder: string,
  beforeChange: (next: number) => void = () => {},
  first?: number,
): void {
  const known = readMigrationFiles({ migrationsFolder }).slice(0, first)
  // Most starts, and all commands, find nothing to do: they take no lock and look at no row.
  if (countApplied(client, known) === known.length) return
  // For what a migration fills in. Nothing that stays may call it: other programs open the file without it.
  client.function('fold_name', { deterministic: true, directOnly: true }, (name) =>
    foldName(String(name)),
  )
  client.pragma('wal_checkpoint(TRUNCATE)') // what is copied before a change is then the file alone
  client.pragma('foreign_keys = OFF') // outside the transaction, where it counts
  client
    .transaction(() => {
      client.exec(
        'CREATE TABLE IF NOT EXISTS __drizzle_migrations (id INTEGER PRIMARY KEY, hash TEXT NOT NULL, created_at NUMERIC)',
      )
      const applied = countApplied(client, known) // another process may have been faster
      if (applied > 0 && applied < known.length) beforeChange(applied)
      const record = client.prepare(
        'INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)',
      )
      const pending = known.slice(applied)
      for (const { sql, hash, folderMillis } of pending) {
        for (const statement of sql) client.exec(statement)
        record.run(hash, folderMillis)
      }
      const statements = pending.flatMap(({ sql }) => sql)
      if (statements.some((statement) => changesRows.test(statement))) refuseBroken(client)
    })
    .immediate()
  client.pragma('foreign_keys = ON')
}

/** What can leave rows that point nowhere, which to look for takes seconds in a large database. */
const changesRows = /\b(?:delete|drop table|insert|replace|update)\b/i

function refuseBroken(client: Sqlite.Database): void {
  const broken = client.prepare('SELECT count(*) FROM pragma_foreign_key_check').pluck().get()
  if (broken !== 0) throw new Error('A migration left rows that point nowhere.')
}

/** How many of the known migrations a database has had. Throws when it had others, or more. */
function countApplied(client: Sqlite.Database, known: readonly { hash: string }[]): number {
  const isOurs = client
    .prepare("SELECT 1 FROM sqlite_schema WHERE name = '__drizzle_migrations'")
    .pluck()
    .get()
  if (isOurs === undefined) return 0
  const applied = client
    .prepare<[], string>('SELECT hash FROM __drizzle_migrations ORDER BY id')
    .pluck()
    .all()
  if (applied.length > known.length) {
    throw new DatabaseVersionError(
      'This database was written by a newer bank-api: upgrade the program.',
    )
  }
  for (const [index, hash] of applied.entries()) {
    if (known[index]?.hash !== hash) {
      throw new DatabaseVersionError(
        `Migration ${index} is not the one this database was made with.`,
      )
    }
  }
  return applied.length
}
