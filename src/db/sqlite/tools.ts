import { setTimeout as wait } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import * as schema from './schema/index.ts'

type NotPromise<T> = T extends PromiseLike<unknown> ? never : T

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

async function patiently<T>(work: () => T): Promise<T> {
  for (const pause of patienceMs) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    await wait(pause)
  }
  return work()
}

const isBusy = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')

/** Whether a write met a unique index. */
export const isTaken = (error: unknown): boolean =>
  rootOf(error) instanceof Sqlite.SqliteError &&
  ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'].includes(
    (rootOf(error) as { code: string }).code,
  )

// drizzle wraps the driver's error in its own, as `cause`.
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? error.cause : error
