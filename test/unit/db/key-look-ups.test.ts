import Sqlite from 'better-sqlite3'
import { expect, it, onTestFinished, vi } from 'vitest'
import { aTenant, testRooms } from '../../support/tenants.ts'

/** How many statements look at keys until the end of the test. */
function lookUps(): () => number {
  const statements = Object.getPrototypeOf(
    new Sqlite(':memory:').prepare('SELECT 1'),
  ) as Sqlite.Statement
  let count = 0
  for (const name of ['get', 'all'] as const) {
    const work = statements[name]
    const spy = vi.spyOn(statements, name).mockImplementation(function (
      this: Sqlite.Statement,
      ...values: unknown[]
    ) {
      if (this.source.includes('api_keys')) count += 1
      return work.apply(this, values)
    })
    onTestFinished(() => spy.mockRestore())
  }
  return () => count
}

it('asked for again, a key that there is costs what one costs that there is not', async () => {
  const rooms = testRooms()
  const { siteKey } = await aTenant(rooms)
  const count = lookUps()
  const costOf = async (apiKey: string) => {
    const before = count()
    await rooms.store.findKey(apiKey)
    return count() - before
  }

  expect([await costOf(siteKey.apiKey), await costOf('key_of_nobody')]).toEqual([1, 1])
  expect([await costOf(siteKey.apiKey), await costOf('key_of_nobody')]).toEqual([0, 0])
})

it('names that are longer than any key are not remembered', async () => {
  const { store } = testRooms()
  const count = lookUps()
  const long = 'x'.repeat(65)

  await store.findKey(long)
  await store.findKey(long)

  expect(count()).toBe(2)
})
