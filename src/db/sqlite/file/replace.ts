import { existsSync, rmSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { DatabaseInUseError } from '../../store-errors.ts'
import type { SeenMember } from '../../ports/members.ts'
import { migrate } from '../migrate.ts'
import { migrationsFolder } from '../open.ts'
import { copyDatabase } from './copy.ts'
import { toWrite, withFile } from './with-file.ts'

/** The server that holds a database file, by its own word; undefined when none does or the file is no database of ours. */
export function readHolder(path: string): SeenMember | undefined {
  if (!existsSync(path)) return undefined
  try {
    return withFile(path, (client) =>
      client
        .prepare<[], SeenMember>(
          `SELECT server_id AS id, server_host AS host, server_pid AS pid, server_seen_at AS seenAt
           FROM instance WHERE server_id IS NOT NULL`,
        )
        .get(),
    )
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && !error.code.startsWith('SQLITE_BUSY'))
      return undefined
    throw error
  }
}

/** Brings the schema of a file that nobody else has up to date. Unlike opening it, keeps nothing of what it was. */
export const migrateFile = (path: string): void =>
  withFile(path, (client) => migrate(client, migrationsFolder), toWrite)

/**
 * Lets the events of a copy go on far behind the numbers that were given out since it was made: readers of the feed may hold
 * one of those, and would pass over what gets it a second time. A number of the moment, ten for each millisecond: after the
 * restore of an earlier or the same copy, too, it lies behind all that were given out. It fits a cursor's 48 bits.
 */
export function skipEventNumbers(path: string, at: number): void {
  const places = { name: 'events', skipped: 1_000_000_000, ofTheMoment: at * 10 }
  withFile(
    path,
    (client) => {
      client
        .prepare(
          `INSERT INTO sqlite_sequence (name, seq) SELECT @name, 0
           WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = @name)`,
        )
        .run({ name: places.name })
      client
        .prepare(
          'UPDATE sqlite_sequence SET seq = max(seq + @skipped, @ofTheMoment) WHERE name = @name',
        )
        .run(places)
    },
    toWrite,
  )
}

/**
 * Puts a copy's content in the place of a database file, in one transaction of that file: whoever opens it meanwhile sees
 * the old content or the new. Without a file there, makes one. Throws DatabaseInUseError when anybody has it open or
 * made one meanwhile, and SqliteError when what lies there is no database.
 */
export async function replaceDatabase(path: string, copy: string): Promise<void> {
  if (!existsSync(path)) copyDatabase(copy, path, undefined, { isNew: true })
  else {
    leaveWal(path)
    const source = new Sqlite(copy, { readonly: true, fileMustExist: true })
    try {
      await source.backup(path)
    } finally {
      source.close()
    }
  }
  // The copy was made under a server that is not this one's.
  const noServer =
    'UPDATE instance SET server_id = NULL, server_host = NULL, server_pid = NULL, server_seen_at = NULL'
  withFile(path, (client) => client.exec(noServer), toWrite)
}

// SQLite gives up its write-ahead log only to somebody who is alone with the file: so this asks, too.
function leaveWal(path: string): void {
  try {
    withFile(path, (client) => client.pragma('journal_mode = DELETE'), { timeout: 1_000 })
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError) || !error.code.startsWith('SQLITE_BUSY')) throw error
    throw new DatabaseInUseError(
      'A process has this database open: stop the server and its commands.',
    )
  }
}

/** Removes a database file, and what SQLite keeps beside it. */
export const removeDatabase = (path: string): void => {
  for (const tail of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${tail}`, { force: true })
}
