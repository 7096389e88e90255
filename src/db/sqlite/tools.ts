import { setTimeout as wait } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { StoreBusyError } from '../store.ts'
import * as schema from './schema/index.ts'

export type NotPromise<T> = T extends PromiseLike<unknown> ? never : T

/** What an operation works with. Its work is synchronous: a promise inside a transaction does not compile. */
export interface Tools {
  db: BetterSQLite3Database<typeof schema>
  read<T>(work: () => NotPromise<T>): Promise<T>
  /** One `BEGIN IMMEDIATE` transaction: all of it or nothing. */
  write<T>(work: () => NotPromise<T>): Promise<T>
}

/** How often a statement that met another process's lock is tried again, off the event loop. */
const patienceMs = [5, 10, 25, 50, 100, 200, 400, 800, 1_600]

export function createTools(client: Sqlite.Database): Tools {
  const begin = client.transaction((work: () => unknown) => work())
  return {
    db: drizzle(client, { schema, casing: 'snake_case' }),
    read: (work) => patiently(work),
    write: (work) => patiently(() => begin.immediate(work)) as Promise<never>,
  }
}

/**
 * Runs the work, again and again with pauses while another process holds the lock. An error says nothing of the values
 * that were at work. Throws StoreBusyError at the end.
 */
export async function patiently<T>(work: () => T): Promise<T> {
  for (const pause of patienceMs) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw withoutValues(error)
    }
    await wait(pause)
  }
  try {
    return work()
  } catch (error) {
    if (!isBusy(error)) throw withoutValues(error)
    throw new StoreBusyError('The database is busy', { cause: rootOf(error) })
  }
}

const isBusy = (error: unknown): boolean => {
  const root = rootOf(error)
  return root instanceof Sqlite.SqliteError && root.code.startsWith('SQLITE_BUSY')
}

/** drizzle's errors quote the statement with all its parameters, and errors end in the log: the driver's own stays. */
export const withoutValues = (error: unknown): unknown =>
  rootOf(error) instanceof Sqlite.SqliteError ? rootOf(error) : error

/** Whether a write met a unique index. */
export const isTaken = (error: unknown): boolean =>
  rootOf(error) instanceof Sqlite.SqliteError &&
  ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'].includes(
    (rootOf(error) as { code: string }).code,
  )

// drizzle wraps the driver's error in its own, as `cause`.
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? error.cause : error
