import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, vi } from 'vitest'
import type { Store } from '../../src/db/store.ts'
import { testStore } from './store.ts'

export type Operation = (store: Store) => Promise<unknown>

/** The plans of all statements an operation prepares on SQLite, a line for each step. */
export async function plansOf(operation: Operation): Promise<string> {
  const prepared: { db: Sqlite.Database; sql: string }[] = []
  const prepare = Sqlite.prototype.prepare
  const store = testStore()
  const spy = vi.spyOn(Sqlite.prototype, 'prepare').mockImplementation(function (
    this: Sqlite.Database,
    sql: string,
  ) {
    prepared.push({ db: this, sql })
    return prepare.call(this, sql)
  })
  onTestFinished(() => spy.mockRestore())
  await operation(store)
  spy.mockRestore()
  expect(prepared.length).toBeGreaterThan(0)
  return prepared
    .flatMap(({ db, sql }) => {
      const values = Array.from(sql.matchAll(/\?/g), () => 1)
      const explain = prepare.call(db, `EXPLAIN QUERY PLAN ${sql}`) as Sqlite.Statement
      return explain.all(...values) as { detail: string }[]
    })
    .map(({ detail }) => detail)
    .join('\n')
}
