import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { databaseFile, testStore } from '../../support/store.ts'
import { aTenant, testRooms } from '../../support/tenants.ts'

const [manySites, eventsOfEach] = [2_000, 100]
const query = { limit: 150, bytes: 1e6, forgottenBefore: 0 }

/** One event of each site after the other, a millisecond apart. */
const fill = `
  INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at)
    WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < ${manySites})
    SELECT 'sit_' || n, @tenantId, 'site ' || n, x'00', 0 FROM n;
  INSERT INTO events (id, dedupe_key, type, site_id, body, occurred_at, received_at)
    WITH RECURSIVE n(n) AS (
      VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n < ${manySites * eventsOfEach - 1}
    )
    SELECT 'evt_' || n, n, 'item.refreshed', 'sit_' || (1 + n % ${manySites}), x'00', n, n FROM n;
`

async function ofManySites() {
  const path = databaseFile()
  const { tenant, scope } = await aTenant(testRooms(testStore(path)))
  const raw = new Sqlite(path)
  for (const statement of fill.split(';\n').filter((text) => text.trim() !== '')) {
    const prepared = raw.prepare(statement)
    prepared.run(...(statement.includes('@tenantId') ? [{ tenantId: tenant.id }] : []))
  }
  raw.close()
  return { store: testStore(path), scope, last: manySites * eventsOfEach }
}

test('of thousands of sites with hundreds of events the feed begins where it should', async () => {
  const { store, scope, last } = await ofManySites()

  expect(await store.findFeedEnd(scope)).toBe(last)
  expect(await store.findFeedStart(scope, 0, 0)).toBe(0)
  expect(await store.findFeedStart(scope, 150_000, 0)).toBe(150_000)
  expect(await store.findFeedStart(scope, last, 0)).toBe(last)
})

test('of thousands of sites a page looks at some, and whoever goes on has every event', async () => {
  const { store, scope, last } = await ofManySites()
  const seen: number[] = []
  let after = last - manySites
  for (let hasMore = true; hasMore;) {
    const page = await store.readFeed(scope, { after, ...query })
    if (page === 'forgotten') throw new Error('Nothing is forgotten')
    seen.push(...page.events.map(({ seq }) => seq))
    ;({ hasMore } = page)
    after = page.upTo?.seq ?? after
  }

  expect(seen).toEqual(Array.from({ length: manySites }, (_, nth) => last - manySites + 1 + nth))
})

test('what a command forgets while a page is made is left to the next look', async () => {
  const path = databaseFile()
  const { tenant, scope } = await aTenant(testRooms(testStore(path)))
  const raw = new Sqlite(path)
  raw.exec(`INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at)
      VALUES ('sit_one', '${tenant.id}', 'one', x'00', 0);
    INSERT INTO events (id, dedupe_key, type, site_id, body, occurred_at, received_at)
      VALUES ('evt_1', 1, 'item.refreshed', 'sit_one', x'00', 0, 0), ('evt_2', 2, 'item.refreshed', 'sit_one', x'00', 0, 0)`)
  const store = testStore(path)
  // They are looked at once it is known which events there are, and before these are read.
  const types = {
    *[Symbol.iterator]() {
      raw.exec(`UPDATE events SET body = NULL WHERE id = 'evt_1'`)
      yield 'item.refreshed'
    },
  } as unknown as string[]

  const page = await store.readFeed(scope, { after: 0, ...query, types })
  const next = await store.readFeed(scope, { after: 0, ...query })
  raw.close()

  expect(page).toEqual({ events: [], upTo: null, hasMore: true })
  expect(next).toMatchObject({ events: [{ id: 'evt_2' }], hasMore: false })
})
