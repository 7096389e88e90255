import Sqlite from 'better-sqlite3'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { Store } from '../../../src/db/store.ts'
import { testStore } from '../../support/store.ts'

type Operation = (store: Store) => Promise<unknown>

/** The plans of all statements an operation prepares. */
async function plansOf(operation: Operation): Promise<string> {
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

const operations: [string, Operation][] = [
  ['listUntoldStatuses', (store) => store.listUntoldStatuses(10)],
  [
    'listRemindersDue',
    (store) => store.listRemindersDue({ endsAfter: 0, endsUntil: 9, days: 1 }, 10),
  ],
  ['listComparisons', (store) => store.listComparisons(10)],
  ['listAccounts', (store) => store.listAccounts(1)],
  ['listUnheard', (store) => store.listUnheard(9, { after: '', limit: 3 })],
  ['noteAsked', (store) => store.noteAsked('usr', 1)],
  ['findItemForRenewal', (store) => store.findItemForRenewal(1)],
  ['findReturnUrl', (store) => store.findReturnUrl(1)],
]

it.each(operations)('%s finds its rows by an index', async (_name, operation) => {
  const plans = await plansOf(operation)

  // A scan of an index that holds only what is to be done is a look at what is to be done.
  expect(plans.replaceAll('SCAN items USING INDEX items_untold', '')).not.toMatch(/\bSCAN\b/)
})
