import { closeSync, openSync, readdirSync, rmSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { makeFolder } from '../../make-folder.ts'
import Sqlite from 'better-sqlite3'
import { ConfigError } from '../../config.ts'
import { copyDatabase } from './file/copy.ts'
import { migrate } from './migrate.ts'
import type { SignerOf } from '../signer.ts'

// From the package's root, for the source and the image's bundle lie at different depths.
export const migrationsFolder = resolve(
  dirname(findPackageJSON(import.meta.url)!),
  'drizzle/sqlite',
)

/**
 * Pages of the log (4 KB each) after which they go into the database. Every event touches the same few pages of each index
 * again: the default, 1,000, wrote them out after every third commit of a large installation.
 */
const checkpointPages = 4_000

/** How long a statement may block the event loop waiting for another process's commit. */
const serverBusyMs = 100

/**
 * Opens and migrates a database file, or `:memory:`; before a migration, `backups/` beside the file gets a copy, signed
 * by `signerOf`, unless `beforeChange` throws. A commit survives a power cut: WAL with `synchronous=FULL`.
 * Throws when the file was written by a newer program, or is locked for more than five seconds.
 */
export function openSqlite(
  path: string,
  signerOf?: SignerOf,
  beforeChange?: () => void,
): Sqlite.Database {
  if (path !== ':memory:') createPrivately(path)
  const client = new Sqlite(path, { timeout: 5_000 })
  try {
    client.pragma('journal_mode = WAL')
    client.pragma('synchronous = FULL')
    client.pragma(`wal_autocheckpoint = ${checkpointPages}`)
    migrate(client, migrationsFolder, (next) => {
      beforeChange?.()
      if (path !== ':memory:') snapshot(path, next, signerOf)
    })
    client.pragma('foreign_keys = ON')
    // What savepoints keep, and what is sorted on the way, would lie in files. Migrations sort there.
    client.pragma('temp_store = MEMORY')
    client.pragma(`busy_timeout = ${serverBusyMs}`)
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** The file holds hashes and sealed secrets: for its owner only, from the first byte on. */
function createPrivately(path: string): void {
  makeFolder(dirname(path))
  closeSync(openSync(path, 'a', 0o600))
}

const keptSnapshots = 3

/** Keeps the database as it was before a migration, so that an upgrade can be undone; the oldest such copies go. */
function snapshot(path: string, next: number, signerOf: SignerOf | undefined): void {
  const folder = join(dirname(path), 'backups')
  const name = (number: number): string =>
    `bank-api-before-migration-${String(number).padStart(4, '0')}.sqlite`
  try {
    copyDatabase(path, join(folder, name(next)), signerOf, { isLocked: true })
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause // a wrong master key: it says so better
    throw new Error(
      `No copy could be made before the migration, so nothing was changed: ${folder}`,
      {
        cause,
      },
    )
  }
  const before = readdirSync(folder).filter((file) => /-before-migration-\d+\.sqlite$/.test(file))
  for (const old of before.toSorted().slice(0, -keptSnapshots)) rmSync(join(folder, old))
}
