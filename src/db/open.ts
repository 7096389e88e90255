import type { DatabaseLocation } from '../config.ts'
import { readDatabaseUrl } from './postgres/database-url.ts'
import type { SignerOf } from './signer.ts'
import { createSqliteStore } from './sqlite/store.ts'
import type { Store } from './store.ts'

interface Opening {
  /** Signs the copy of a file that is made before a migration. */
  signerOf?: SignerOf
  /** Of a server: refuse a database without our tables instead of making them. */
  mustExist?: boolean
  /** Called before the schema of a file changes that holds something; when it throws, nothing changes. */
  beforeChange?: () => void
  /** Of a server: called before it waits for another program that changes the schema. */
  onWait?: () => void
}

/** What people may be told of where a database is: a file's path, or host, port and name; never who logs in, or with what. */
export function nameOfDatabase(location: DatabaseLocation): string {
  if (typeof location === 'string') return location
  const { host, port, database } = readDatabaseUrl(location.url)
  return `${host}:${port}/${database}`
}

/**
 * Opens the store at its location and brings its schema up to date. The only place that knows which engines there are, but for
 * moving/; what else works on the file is the backup's alone. @throws ConfigError, StoreAwayError and DatabaseVersionError, each for operators
 */
export async function openStore(
  location: DatabaseLocation,
  { signerOf, mustExist = false, beforeChange, onWait }: Opening = {},
): Promise<Store> {
  if (typeof location === 'string') return createSqliteStore(location, signerOf, beforeChange)
  // Who keeps a file need not load what speaks to a server.
  const { openPostgresStore } = await import('./postgres/store.ts')
  return openPostgresStore({ ...location, mustExist, onWait })
}
