import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { counts, oldestDue } from '../../../src/db/sqlite/operations/figures.ts'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import { databaseFile, testStore } from '../../support/store.ts'
import { aTenant, anAnnouncement, aUser, testRooms } from '../../support/tenants.ts'

/** A site with a webhook URL and three deliveries, of which a test may change the rows. */
async function threeDeliveries() {
  const path = databaseFile()
  const rooms = testRooms(testStore(path))
  const { store, clock } = rooms
  const { site } = await aTenant(rooms)
  const by = { actor: 'test', at: clock.now() }
  await store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/hook' }, by)
  const user = await aUser(rooms, site)
  for (const handledAt of [null, clock.now(), clock.now()]) {
    await store.acceptEvent(anAnnouncement(rooms, user, { itemId: 7, handledAt }))
  }
  const client = new Sqlite(path)
  onTestFinished(() => void client.close())
  return { ...rooms, site, user, client }
}

test('deliveries that are not over well are counted, those that wait for an earlier one as pending', async () => {
  const { store, clock, client } = await threeDeliveries()

  const before = await store.readFigures(clock.now())
  const [first, second] = client
    .prepare<[], string>('SELECT id FROM deliveries ORDER BY event_seq')
    .pluck()
    .all()
  const end = client.prepare(
    'UPDATE deliveries SET state = ?, first_ended_at = 1, due_at = NULL WHERE id = ?',
  )
  end.run('delivered', first)
  end.run('dead', second)
  const after = await store.readFigures(clock.now())

  expect(before.deliveries).toEqual({ pending: 3, dead: 0 })
  expect(after.deliveries).toEqual({ pending: 1, dead: 1 })
  expect(after.unhandledEvents).toBe(1)
})

test('the queue is as old as the delivery due first, and a disabled endpoint makes no queue', async () => {
  const { store, clock, client, site } = await threeDeliveries()
  const due = clock.now()

  clock.advance(60_000)
  const waiting = await store.readFigures(clock.now())
  client.prepare('UPDATE endpoints SET disabled_at = 1 WHERE site_id = ?').run(site.id)
  const disabled = await store.readFigures(clock.now())

  expect(waiting.oldestDueAt).toBe(due)
  expect(waiting.endpoints).toEqual({ healthy: 1, failing: 0, disabled: 0 })
  expect(disabled.oldestDueAt).toBeNull()
  expect(disabled.endpoints).toEqual({ healthy: 0, failing: 0, disabled: 1 })
})

test('no count reads the deliveries or events from one end to the other', () => {
  const client = openSqlite(':memory:')
  onTestFinished(() => void client.close())
  const planOf = (sql: string): string =>
    client
      .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll('@at', '0')}`)
      .all()
      .map(({ detail }) => detail)
      .join('; ')

  for (const sql of [...Object.values(counts), oldestDue]) {
    expect(planOf(sql), sql).not.toMatch(/SCAN (deliveries|events)(?!.*USING)/)
  }
})

test('a closed database fails the probe', async () => {
  const path = databaseFile()
  const store = testStore(path)
  await store.close()

  await expect(store.probeWrite('alone', 1)).rejects.toThrow()
})

test('calls are stored once, whatever happens to the flush', async () => {
  const { store } = testRooms()
  const call = {
    id: 'req_1',
    at: 1,
    method: 'ping',
    status: 200,
    excType: null,
    refusal: null,
    durationMs: 1,
    tenantId: null,
    siteId: null,
    apiKey: null,
    request: null,
    itemId: null,
    bridge: [],
  }

  await store.addCalls([call])
  await store.addCalls([call, { ...call, id: 'req_2' }])

  expect(await store.listCalls({}, { limit: 9 })).toMatchObject([{ id: 'req_2' }, call])
})
