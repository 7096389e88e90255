import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { databaseFile, testStore } from '../../support/store.ts'
import { aTenant, testRooms } from '../../support/tenants.ts'

const [manySites, eventsOfEach] = [2_000, 100]

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

test('of thousands of sites with hundreds of events the feed begins where it should', async () => {
  const path = databaseFile()
  const { tenant, scope } = await aTenant(testRooms(testStore(path)))
  const raw = new Sqlite(path)
  for (const statement of fill.split(';\n').filter((text) => text.trim() !== '')) {
    const prepared = raw.prepare(statement)
    prepared.run(...(statement.includes('@tenantId') ? [{ tenantId: tenant.id }] : []))
  }
  raw.close()
  const store = testStore(path)

  const last = manySites * eventsOfEach
  expect(await store.findFeedEnd(scope)).toBe(last)
  expect(await store.findFeedStart(scope, 0, 0)).toBe(0)
  expect(await store.findFeedStart(scope, 150_000, 0)).toBe(150_000)
  expect(await store.findFeedStart(scope, last, 0)).toBe(last)
})
