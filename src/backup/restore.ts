import { chmodSync, copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { keyState } from '../auth/api-keys.ts'
import { copySigner } from '../vault/copy-signer.ts'
import { bindHash } from '../vault/owned-hash.ts'
import { openInstance, unlockInstance } from '../vault/unlock.ts'
import type { Keyring } from '../vault/keyring.ts'
import { secretRow } from '../vault/sealed-rows.ts'
import type { Clock } from '../clock.ts'
import { ConfigError, databasePath, type Config } from '../config.ts'
import type { ProcessIdentity } from '../cluster/single-server.ts'
import { openStore } from '../db/open.ts'
import { carryOver, type CarriedOver } from '../db/sqlite/file/carry-over.ts'
import { copyDatabase } from '../db/sqlite/file/copy.ts'
import { instanceIn } from '../db/sqlite/file/inspect.ts'
import {
  migrateFile,
  removeDatabase,
  replaceDatabase,
  skipEventNumbers,
} from '../db/sqlite/file/replace.ts'
import type { By } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { copyName } from './folder.ts'
import { refuseWhileHeld } from './held.ts'
import { findBeside, installationAt, verifyCopy, type Verification } from './verify.ts'

/** The copy is not to be believed, or of no use here; nothing has changed. */
export class CopyRefusedError extends Error {
  override name = 'CopyRefusedError'
}

export interface Restoring {
  copy: string
  config: Config
  identity: ProcessIdentity
  clock: Clock
  /** Take a copy that nobody signed. */
  allowUnsigned?: boolean
  /** Let every tenant start disabled. */
  disableTenants?: boolean
}

export interface Restored {
  verification: Verification
  /** The replaced state, as a copy; null when there was none. */
  kept: string | null
  /** What was ended since the copy was made, and stays ended; null when nobody can know. */
  carried: CarriedOver | null
  /** Why nobody can know. */
  unknown: string | null
  /** Keys that work again, or still, and whose revocation since nobody can know. */
  unknownKeys: string[]
  tenantsDisabled: string[]
}

/**
 * Puts a copy in the place of the database, whose last state is kept as a copy too. Works on a copy of the copy, so that
 * what is verified is what is restored. A copy brings back what was ended since it was made: the database that is replaced
 * knows that, and its revocations, rotations, disablings and deletions are carried over.
 * Throws DatabaseInUseError while a server holds the database or anything has it open, and CopyRefusedError; then nothing
 * has changed.
 */
export async function restoreCopy(restoring: Restoring): Promise<Restored> {
  const { copy, config, identity, clock } = restoring
  const database = databasePath(config)
  refuseWhileHeld(database, { identity, clock })

  makeFolder(config.dataDir)
  const staged = join(config.dataDir, 'restoring.sqlite')
  try {
    const verification = await stage(copy, staged, restoring)
    const ended = await endWhatEnded(database, staged, restoring, verification)
    const kept = isThere(database) ? keep(database, restoring) : null
    await replaceDatabase(database, staged)
    return { verification, kept, ...ended }
  } finally {
    removeDatabase(staged)
  }
}

/** Whether anything lies there. Throws where we have no right to see it: that is not nothing. */
export const isThere = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false }) !== undefined

/** Takes the copy to ourselves, verifies it there, and brings its schema up to date. */
async function stage(
  copy: string,
  staged: string,
  { config, clock, allowUnsigned = false }: Restoring,
): Promise<Verification> {
  const beside = findBeside(copy)
  if (beside) throw new CopyRefusedError(beside)
  removeDatabase(staged)
  copyFileSync(copy, staged)
  chmodSync(staged, 0o600)
  const verification = await verifyCopy(staged, { config, clock, allowUnsigned })
  if (!verification.ok) throw new CopyRefusedError(verification.problems.join('; '))
  migrateFile(staged)
  skipEventNumbers(staged, clock.now())
  return verification
}

/** Ends in the staged copy what was ended since, and all tenants when told so. */
async function endWhatEnded(
  database: string,
  staged: string,
  { config, clock, disableTenants = false }: Restoring,
  { madeAt }: Verification,
): Promise<Pick<Restored, 'carried' | 'unknown' | 'unknownKeys' | 'tenantsDisabled'>> {
  const by = { actor: 'cli', at: clock.now() }
  const store = await openStore(staged)
  try {
    const keyring = await unlockInstance(store, { config, clock })
    const { carried, unknown } = carry(database, staged, keyring, config)
    const unknownKeys = carried ? [] : await keysThatWork(store, by.at)
    // Whoever was inside when the copy was made may have been put out since.
    for (const { id } of await store.listSessions(0)) await store.endSession(id, by)
    const tenantsDisabled = disableTenants ? await disableAll(store, by) : []
    const ended = carried && Object.entries(carried).filter(([, names]) => names.length > 0)
    const carriedOver = ended && Object.fromEntries(ended)
    const detail = { made_at: madeAt, signed: madeAt !== null, carried_over: carriedOver }
    await store.audit({ ...by, action: 'database.restored', subject: 'instance', detail })
    return { carried, unknown, unknownKeys, tenantsDisabled }
  } finally {
    await store.close()
  }
}

function carry(
  database: string,
  staged: string,
  into: Keyring,
  config: Config,
): Pick<Restored, 'carried' | 'unknown'> {
  if (!isThere(database)) return { carried: null, unknown: 'there was no database to replace' }
  try {
    const instance = instanceIn(database)
    if (!instance) return { carried: null, unknown: 'no server ever opened the replaced database' }
    const { keyring, isOwned } = openInstance(instance, config)
    const carried = carryOver({
      from: database,
      into: staged,
      own: (owner, hash) => (isOwned ? hash : bindHash(keyring, owner, hash)),
      reseal(siteId, secret) {
        const row = secretRow(siteId)
        return into.seal(keyring.open(secret, row), row)
      },
    })
    return { carried, unknown: null }
  } catch (error) {
    const says = error instanceof ConfigError ? error.problems.join('; ') : (error as Error).message
    return { carried: null, unknown: `the replaced database cannot be read (${says})` }
  }
}

async function keysThatWork(store: Store, now: number): Promise<string[]> {
  const keys: string[] = []
  for (const tenant of await store.listTenants()) {
    for (const key of await store.listKeys(tenant.id)) {
      if (keyState(key, tenant, now) === 'active') keys.push(key.apiKey)
    }
  }
  return keys
}

async function disableAll(store: Store, by: By): Promise<string[]> {
  const enabled = (await store.listTenants()).filter(({ disabledAt }) => disabledAt === null)
  for (const { id } of enabled) await store.setTenantDisabled(id, true, by)
  return enabled.map(({ name }) => name)
}

/** Keeps the state that is replaced, signed where its own master key is at hand. */
function keep(database: string, { config, clock }: Restoring): string {
  const name = copyName(clock.now()).replace('bank-api-', 'bank-api-replaced-')
  const kept = join(config.dataDir, 'backups', name)
  const signerOf = copySigner(config, clock)
  try {
    copyDatabase(database, kept, installationAt(database, signerOf) && signerOf)
  } catch (cause) {
    throw new CopyRefusedError(
      `the database in its place cannot be kept (${(cause as Error).message}): move it away, then restore again`,
      { cause },
    )
  }
  return kept
}
