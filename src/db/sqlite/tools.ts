import { setTimeout as wait } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { StoreBusyError } from '../store-errors.ts'
import * as schema from './schema/index.ts'

export type NotPromise<T> = T extends PromiseLike<unknown> ? never : T

/** What an operation works with. Its work is synchronous: a promise inside a transaction does not compile. */
export interface Tools {
  db: BetterSQLite3Database<typeof schema> & { $client: Sqlite.Database }
  read<T>(work: () => NotPromise<T>): Promise<T>
  /** One `BEGIN IMMEDIATE` transaction: all of it or nothing. */
  write<T>(work: () => NotPromise<T>, how?: Durability): Promise<T>
}

/** Whether a power cut of the next moments may undo it: then nobody waits for the disk. */
interface Durability {
  mayBeLost: boolean
}

/** How often a statement that met another process's lock is tried again, between pauses that leave the event loop free. */
const patienceMs = [5, 10, 25, 50, 100, 200, 400, 800, 1_600]

export function createTools(client: Sqlite.Database): Tools {
  const begin = client.transaction((work: () => unknown) => work())
  return {
    db: connect(client),
    read: (work) => patiently(client, work, { isRead: true }),
    write: (work, { mayBeLost } = { mayBeLost: false }) => {
      const commit = () => begin.immediate(work)
      return patiently(client, mayBeLost ? withoutSync(client, commit) : commit) as Promise<never>
    },
  }
}

/**
 * A commit that does not wait for the disk. It survives the end of this process at once, and a power cut only after a later
 * commit has waited for the disk. (SQLite: PRAGMA synchronous.)
 */
const withoutSync =
  <T>(client: Sqlite.Database, commit: () => T) =>
  (): T => {
    client.pragma('synchronous = NORMAL')
    try {
      return commit()
    } finally {
      client.pragma('synchronous = FULL')
    }
  }

/**
 * drizzle over a connection. better-sqlite3 builds SQLite with STAT4: a statement whose plan might depend on a bound value
 * is planned anew each time it runs, which for a join takes twenty times as long as the query. A plus before the value
 * hides it from the planner, and is a no-op for values of any type (SQLite: expressions).
 */
function connect(client: Sqlite.Database): Tools['db'] {
  const db = drizzle(client, { schema, casing: 'snake_case' })
  const { dialect } = db as unknown as { dialect: { escapeParam(number: number): string } }
  dialect.escapeParam = () => '+?'
  return db
}

/**
 * A statement that each database prepares when it first needs it, and keeps. For the hot path: drizzle takes longer to write
 * a statement than SQLite to run it, and a start need not wait for all of them.
 */
export function prepared<T extends object>(
  prepare: (db: Tools['db']) => T,
): (db: Tools['db']) => T {
  const kept = new WeakMap<Tools['db'], T>()
  return (db) => {
    const known = kept.get(db)
    if (known) return known
    const made = prepare(db)
    kept.set(db, made)
    return made
  }
}

/** Connections that met a lock which is not gone yet, with how long SQLite waits on them otherwise. */
const locked = new WeakMap<Sqlite.Database, number>()

/**
 * Runs the work, again and again with pauses while another process holds the lock. Only the first statement to meet a lock
 * waits inside SQLite, which holds up the event loop; until the lock is gone the others fail at once and pause. An error
 * says nothing of the values that were at work. Throws StoreBusyError at the end.
 */
export async function patiently<T>(
  client: Sqlite.Database,
  work: () => T,
  { isRead = false } = {},
): Promise<T> {
  for (const pause of [...patienceMs, undefined]) {
    try {
      const result = work()
      if (!isRead) unlock(client) // readers never meet a writer's lock, and know nothing of it
      return result
    } catch (error) {
      if (!isBusy(error)) {
        checkpointAfter(error, client)
        throw withoutValues(error)
      }
      lock(client)
      if (pause === undefined) {
        throw new StoreBusyError('The database is busy', { cause: rootOf(error) })
      }
      await wait(pause)
    }
  }
  throw new StoreBusyError('The database is busy')
}

/**
 * After a disk that failed the log may lack what an earlier commit did not wait for, and all behind that would go with it in a power
 * cut: so it is written into the database and emptied before anything else is promised. Not while a reader stays longer than we wait
 * for one (a copy, Litestream): until it is gone and the log has begun anew, a power cut may take what was promised.
 */
export function checkpointAfter(error: unknown, client: Sqlite.Database): void {
  const root = rootOf(error)
  if (!(root instanceof Sqlite.SqliteError && root.code.startsWith('SQLITE_IOERR'))) return
  try {
    client.pragma('wal_checkpoint(TRUNCATE)')
  } catch {
    // What comes next fails as well, and tries this again.
  }
}

function lock(client: Sqlite.Database): void {
  if (locked.has(client)) return
  locked.set(client, client.pragma('busy_timeout', { simple: true }) as number)
  client.pragma('busy_timeout = 0')
}

function unlock(client: Sqlite.Database): void {
  const usual = locked.get(client)
  if (usual === undefined) return
  locked.delete(client)
  client.pragma(`busy_timeout = ${usual}`)
}

/** Whether another process holds the lock. */
export const isBusy = (error: unknown): boolean => {
  const root = rootOf(error)
  return root instanceof Sqlite.SqliteError && root.code.startsWith('SQLITE_BUSY')
}

/** drizzle's errors quote the statement with all its parameters, and errors end in the log: the driver's own stays. */
export const withoutValues = (error: unknown): unknown =>
  rootOf(error) instanceof Sqlite.SqliteError ? rootOf(error) : error

/** Whether the disk is full, or fails. */
export const isDiskFault = (error: unknown): boolean => {
  const root = rootOf(error)
  return root instanceof Sqlite.SqliteError && /^SQLITE_(?:FULL|IOERR)/.test(root.code)
}

/** Whether a write met a unique index. */
export const isTaken = (error: unknown): boolean =>
  rootOf(error) instanceof Sqlite.SqliteError &&
  ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'].includes(
    (rootOf(error) as { code: string }).code,
  )

// drizzle wraps the driver's error in its own, as `cause`.
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? error.cause : error
