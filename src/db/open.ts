import type { Place } from '../config.ts'
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

/** What people may be told of a place: a file's path, or host, port and name; never who logs in, or with what. */
export function nameOfPlace(place: Place): string {
  if (typeof place === 'string') return place
  const { host, port, database } = readDatabaseUrl(place.url)
  return `${host}:${port}/${database}`
}

/**
 * Opens the store at a place and brings its schema up to date. The only place that knows which engines there are, but for
 * moving/; what else works on the file is the backup's alone. @throws ConfigError, StoreAwayError and DatabaseVersionError, each for operators
 */
export async function openStore(
  place: Place,
  { signerOf, mustExist = false, beforeChange, onWait }: Opening = {},
): Promise<Store> {
  if (typeof place === 'string') return createSqliteStore(place, signerOf, beforeChange)
  // Who keeps a file need not load what speaks to a server.
  const { openPostgresStore } = await import('./postgres/store.ts')
  return openPostgresStore({ ...place, mustExist, onWait })
}
