import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { feedOperations } from '../../../src/db/sqlite/operations/feed.ts'
import { createTools, type Tools } from '../../../src/db/sqlite/tools.ts'
import { databaseFile, testStore } from '../../support/store.ts'
import { aTenant, testRooms } from '../../support/tenants.ts'

test.each([1, 2, 3])(
  'an event that a command stores before the look’s statement %i is behind where the feed begins',
  async (nth) => {
    const path = databaseFile()
    const { site, scope } = await aTenant(testRooms(testStore(path)))
    const [client, command] = [new Sqlite(path), new Sqlite(path)]
    for (const one of [client, command]) onTestFinished(() => void one.close())
    const tools = createTools(client)
    const db = interrupted(tools.db, nth, () =>
      command.exec(`INSERT INTO events (id, dedupe_key, type, site_id, body, occurred_at, received_at)
        VALUES ('evt_1', 1, 'item.refreshed', '${site.id}', x'00', 7, 7)`),
    )
    const { findFeedStart, readFeed } = feedOperations({ ...tools, db })

    const after = await findFeedStart(scope, 7, 0)

    const page = await readFeed(scope, { after, limit: 9, bytes: 999, forgottenBefore: 0 })
    expect(page).toMatchObject({ events: [{ id: 'evt_1' }] })
  },
)

/** The database, with something done before the nth time that it is asked for rows directly. */
function interrupted(db: Tools['db'], nth: number, work: () => void): Tools['db'] {
  let asked = 0
  return new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        if ((name === 'all' || name === 'get') && (asked += 1) === nth) work()
        return Reflect.apply(value, target, given)
      }
    },
  })
}
