import { join } from 'node:path'
import type { Clock, Ids } from '../clock.ts'
import { takeDatabase, type ProcessIdentity } from '../cluster/single-server.ts'
import type { Config } from '../config.ts'
import type { Counts, Progress } from '../db/moving/move.ts'
import { MoveError } from '../db/moving/move-error.ts'
import { openStore } from '../db/open.ts'
import { sealedColumns, type SealedStore } from '../db/ports/sealed.ts'
import { migrateFile, removeDatabase } from '../db/sqlite/file/replace.ts'
import { DatabaseInUseError, DatabaseVersionError } from '../db/store-errors.ts'
import { copySigner } from '../vault/copy-signer.ts'
import { openInstance, unlockInstance } from '../vault/unlock.ts'
import type { Keyring } from '../vault/keyring.ts'
import { sealedRow } from '../vault/sealed-rows.ts'
import { copyInThread } from './copy-in-thread.ts'
import { refuseWhileHeld } from './held.ts'
import { signerFor, verifyCopy } from './verify.ts'

export interface Moving {
  /** The file, and what opens it. */
  database: string
  config: Config
  /** The PostgreSQL server that takes it. */
  url: string
  identity: ProcessIdentity
  clock: Clock
  ids: Ids
  onProgress(progress: Progress): void
}

interface Moved {
  rows: Counts
  /** Sealed values that were opened in their new place. */
  opened: number
}

/**
 * Moves the installation from its file to PostgreSQL. It takes the place of a server meanwhile, so that none can start, and
 * what a server had in hand is due again. The file stays as it is. @throws DatabaseInUseError while a server has it
 */
export async function moveInstallation(moving: Moving): Promise<Moved> {
  refuseWhileHeld(moving.database, moving)
  return moveFile(moving.database, moving, { rehearse: false })
}

/** Does all of it with a copy of the file, beside a server, and leaves nothing of it: neither there nor here. */
export async function rehearseMove(moving: Moving): Promise<Moved> {
  const { config, clock, database } = moving
  const copy = join(config.dataDir, 'rehearsal.sqlite')
  const signer = signerFor(database, copySigner(config, clock))
  if (!signer) throw neverOpened()
  removeDatabase(copy) // of a rehearsal that was stopped
  try {
    await copyInThread({ from: database, to: copy, signer })
    const { ok, problems } = await verifyCopy(copy, { config, clock })
    if (!ok) throw new Error(`The copy for the rehearsal is no good: ${problems.join('; ')}`)
    migrateFile(copy)
    return await moveFile(copy, moving, { rehearse: true })
  } finally {
    removeDatabase(copy)
  }
}

async function moveFile(
  file: string,
  { config, url, identity, clock, ids, onProgress }: Moving,
  { rehearse }: { rehearse: boolean },
): Promise<Moved> {
  // Who moves nothing need not load what speaks to a server.
  const { moveToPostgres } = await import('../db/moving/move.ts')
  const startedAt = clock.now()
  const store = await openStore(file, { signerOf: copySigner(config, clock) })
  try {
    if (!(await store.readInstance())) throw neverOpened()
    await unlockInstance(store, { config, clock })
    // The server of a copy has the file that was copied.
    if (rehearse) for (const { id } of await store.listMembers()) await store.removeMember(id)
    let isLost = false
    const onLost = () => {
      isLost = true
    }
    const id = ids.next('srv')
    const membership = await takeDatabase(store, { id, identity, clock, onLost })
    try {
      let opened = 0
      const rows = await moveToPostgres({
        from: file,
        url,
        rehearse,
        async check(stored) {
          const instance = await stored.readInstance()
          opened = await openSample(stored, openInstance(instance!, config).keyring)
          if (isLost) throw new DatabaseInUseError('A server took the file: nothing was moved.')
        },
        note(counts) {
          const at = clock.now()
          const seconds = Math.round((at - startedAt) / 1_000)
          const detail = { rows: sum(Object.values(counts)), seconds }
          return { at, actor: 'cli', action: 'database.moved', subject: 'instance', detail }
        },
        onProgress,
      })
      return { rows, opened }
    } finally {
      await membership.stop()
    }
  } finally {
    await store.close()
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0)

const neverOpened = (): Error =>
  new DatabaseVersionError('No server ever opened this database: there is nothing to move.')

/** So many values of each kind. */
const sampleSize = 100

/** Opens some of what is sealed, of each kind; resolves with how many that were. Throws a MoveError for one that does not open. */
async function openSample(
  store: Pick<SealedStore, 'listSealed'>,
  keyring: Pick<Keyring, 'open'>,
): Promise<number> {
  let opened = 0
  for (const column of sealedColumns) {
    for (const { rowId, sealed } of await store.listSealed(column, null, sampleSize)) {
      const row = sealedRow[column](rowId)
      try {
        keyring.open(sealed, row)
      } catch {
        throw new MoveError(`A sealed value does not open: ${row}`)
      }
      opened += 1
    }
  }
  return opened
}
