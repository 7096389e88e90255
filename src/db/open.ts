import type { PostgresOptions } from './postgres/open.ts'
import type { SignerOf } from './signer.ts'
import { createSqliteStore } from './sqlite/store.ts'
import type { Store } from './store.ts'

/** Where rows are: a file, `:memory:`, or a server. */
export type Place = string | PostgresOptions

/**
 * Opens the store at a place and brings its schema up to date; `signerOf` signs the copy of a file that is made before. The
 * only place that knows which engines there are: what else works on the file is the backup's alone.
 */
export async function openStore(place: Place, signerOf?: SignerOf): Promise<Store> {
  if (typeof place === 'string') return createSqliteStore(place, signerOf)
  // Who keeps a file need not load what speaks to a server.
  const { openPostgresStore } = await import('./postgres/store.ts')
  return openPostgresStore(place)
}
