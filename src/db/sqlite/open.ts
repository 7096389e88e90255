import { closeSync, mkdirSync, openSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, resolve } from 'node:path'
import Sqlite from 'better-sqlite3'
import { migrate } from './migrate.ts'

// From the package's root, for the source and the image's bundle lie at different depths.
const migrationsFolder = resolve(dirname(findPackageJSON(import.meta.url)!), 'drizzle/sqlite')

/** How long a statement may block the event loop waiting for another process's commit. */
const serverBusyMs = 100

/**
 * Opens and migrates a database file, or `:memory:`. A commit survives a power cut: WAL with `synchronous=FULL`.
 * Throws when the file was written by a newer program, or is locked for more than five seconds.
 */
export function openSqlite(path: string): Sqlite.Database {
  if (path !== ':memory:') createPrivately(path)
  const client = new Sqlite(path, { timeout: 5_000 })
  try {
    client.pragma('journal_mode = WAL')
    client.pragma('synchronous = FULL')
    migrate(client, migrationsFolder)
    client.pragma('foreign_keys = ON')
    client.pragma(`busy_timeout = ${serverBusyMs}`)
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** The file holds hashes and sealed secrets: for its owner only, from the first byte on. */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}
