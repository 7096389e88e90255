import type { SignerOf } from './signer.ts'
import { createSqliteStore } from './sqlite/store.ts'
import type { Store } from './store.ts'

/**
 * Opens the store at a path, a file or `:memory:`, and brings its schema up to date; `signerOf` signs the copy that is made
 * before. The only place that knows which engines there are: what else works on the file is the backup's alone.
 */
export async function openStore(path: string, signerOf?: SignerOf): Promise<Store> {
  return createSqliteStore(path, signerOf)
}
