import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import type { Store } from '../../src/db/store.ts'
import { folders, inMemory } from './run-folder.ts'

/** A migrated store of the test's own, or on the given file; closed when the test ends. */
export function testStore(path = emptyDatabase()): Store {
  const store = createSqliteStore(path)
  onTestFinished(() => store.close())
  return store
}

/** What the handler of a server that is alone would be given now. */
export const unhandledIn = (store: Store, at: number, limit = 10) =>
  store.claimUnhandledEvents({ by: 'srv_test', at, until: at + 60_000, limit })

/** A folder of the test's own, gone when it ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(folders, 'bank-api-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The same store, with the names of the operations called on it, in order. */
export function watched(store: Store): { store: Store; calls: string[] } {
  const calls: string[] = []
  const proxy = new Proxy(store, {
    get(target, name, receiver) {
      calls.push(String(name))
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  return { store: proxy, calls }
}

let migrated: Buffer | undefined

/** An empty database of the test's own in a file, a copy of a migrated one: to run all migrations takes as long as most tests. */
export function databaseFile(): string {
  const database = join(testFolder(), 'bank-api.sqlite')
  if (migrated) {
    writeFileSync(database, migrated)
  } else {
    void createSqliteStore(database).close() // a file is closed at once
    migrated = readFileSync(database)
  }
  return database
}

/** An empty database for who does not look at the file: where files cannot lie in memory, it does without one. */
export const emptyDatabase = (): string => (inMemory ? databaseFile() : ':memory:')
