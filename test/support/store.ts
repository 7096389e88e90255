import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import type { Store } from '../../src/db/store.ts'

/** A migrated store in memory, or on the given file; closed when the test ends. */
export function testStore(path = ':memory:'): Store {
  const store = createSqliteStore(path)
  onTestFinished(() => store.close())
  return store
}

/** A folder of the test's own, gone when it ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-test-'))
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
