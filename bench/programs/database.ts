import Sqlite from 'better-sqlite3'
import { databasePath, loadConfig } from '../../src/config.ts'

/** The database that the environment names, each commit synced; by better-sqlite3 alone. */
export function openDatabase(): Sqlite.Database {
  const client = new Sqlite(databasePath(loadConfig(process.env)))
  client.pragma('synchronous = FULL')
  client.pragma('wal_autocheckpoint = 4000')
  return client
}

/** Runs a job in one commit with all that came at the same moment, and resolves once that is durable. */
export function createGroup(client: Sqlite.Database): <T>(job: () => T) => Promise<T> {
  let waiting: (() => () => void)[] = []
  const commit = client.transaction((jobs: typeof waiting) => jobs.map((job) => job()))
  return <T>(job: () => T) =>
    new Promise<T>((resolve) => {
      waiting.push(() => {
        const value = job()
        return () => resolve(value)
      })
      if (waiting.length > 1) return
      setImmediate(() => {
        const jobs = waiting
        waiting = []
        for (const done of commit.immediate(jobs)) done()
      })
    })
}
