import Sqlite from 'better-sqlite3'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import { served } from '../../../src/db/sqlite/operations/figures.ts'
import { notFound } from '../../../src/db/rules/item-notes.ts'
import { testNow } from '../../support/clock.ts'
import { plansOf } from '../../support/query-plans.ts'
import {
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  itemFacts,
  testBy,
  testRooms,
} from '../../support/tenants.ts'

/** The tables that grow with sites, users and time. */
const growing = [
  'sites',
  'api_keys',
  'audit',
  'bridge_users',
  'connect_requests',
  'items',
  'accounts',
  'item_refreshes',
  'sessions',
]

/** Every statement prepared from here to the end of the test. */
function statements(): Set<string> {
  const seen = new Set<string>()
  const prepare = Sqlite.prototype.prepare
  const spy = vi.spyOn(Sqlite.prototype, 'prepare').mockImplementation(function (
    this: Sqlite.Database,
    sql: string,
  ) {
    if (/^\s*(select|update|delete|with)\b/i.test(sql)) seen.add(sql)
    return prepare.call(this, sql)
  })
  onTestFinished(() => spy.mockRestore())
  return seen
}

/** The steps that read a growing table from one end to the other, without an index. */
function scansOf(client: Sqlite.Database, sql: string): string[] {
  const scan = new RegExp(`^SCAN (${growing.join('|')})\\b(?!.* USING )`)
  return planOf(client, sql).filter((detail) => scan.test(detail))
}

function planOf(client: Sqlite.Database, sql: string): string[] {
  const unnamed = sql.replaceAll(/[:@$][a-z]\w*/gi, '?')
  const blanks = (unnamed.match(/\?/g) ?? []).map(() => null)
  const explain = client.prepare<null[], { detail: string }>(`EXPLAIN QUERY PLAN ${unnamed}`)
  return explain.all(...blanks).map(({ detail }) => detail)
}

it('a scan would be noticed', () => {
  const client = openSqlite(':memory:')
  onTestFinished(() => void client.close())

  expect(scansOf(client, 'select * from items where status = ?')).toHaveLength(1)
  expect(scansOf(client, 'select * from items where id = ?')).toEqual([])
})

it('no operation reads a growing table from one end to the other, or is planned anew at each run', async () => {
  const seen = statements()
  const rooms = testRooms()
  const { store } = rooms
  const { scope, site, siteKey, tenant } = await aTenant(rooms)
  const user = await aUser(rooms, site, { name: 'ann' })
  const request = await aRequest(rooms, user, { origin: 'https://erp.acme.test' })

  // Both kinds of scope: their statements differ.
  for (const one of [scope, siteKey.caller.scope]) {
    await store.findSite(one, 'erp')
    await store.findSite(one, 'ERP.acme.test')
    await store.listSites(one, 2, 'https://erp.acme.test')
    await store.listSites(one, 2)
    await store.findUsers(one)
    await store.findUsers(one, 'ann')
    await store.findUsers(one, 'ANN')
    await store.findRequest(one, request)
    await store.findItem(one, 7)
    await store.findItem(one, { accountId: 71 })
    await store.readFeed(one, { after: 1, limit: 9, bytes: 9, forgottenBefore: 1 })
    await store.findFeedStart(one, 1, 1)
    await store.listEvents({ feedOf: one, id: 'evt_1' }, { limit: 1 })
  }
  const ofSite = { ...scope, siteId: site.id }
  await store.listEvents(
    { feedOf: ofSite, since: 1 },
    { limit: 9, after: { receivedAt: 9, seq: 9 } },
  )
  await store.listConnections(ofSite, { first: [402], limit: 9, offset: 9 })
  const session = { ...ofSite, apiKey: siteKey.apiKey, secretHash: Buffer.alloc(1), madeAt: 1 }
  await store.offerSession({ id: 'por_1', who: null, ...session, expiresAt: testNow + 1 }, testBy)
  await store.findSession('por_1')
  const entered = { offeredHash: Buffer.alloc(1), secretHash: Buffer.alloc(2), expiresAt: 9 }
  await store.enterSession('por_1', entered, testBy)
  await store.endSession('por_1', testBy)
  await store.endSiteSessions('sit_1', testBy)
  await store.findKey(siteKey.apiKey)
  await store.listKeys(tenant.id)
  await store.touchKey(siteKey.apiKey, testNow)
  await store.updateSite(site.id, { timeZone: 'UTC' }, testBy)
  for (const tenantId of [undefined, tenant.id]) {
    for (const since of [undefined, testNow]) {
      await store.listAudit({ limit: 9, ...(tenantId && { tenantId }), ...(since && { since }) })
    }
  }
  await store.audit({ at: 1, actor: 'a', action: 'b', subject: 'c', bucket: 0 })
  await store.findUserByUuid('uuid')
  await store.readUser(user.id)
  await store.claimAdoptionRead(user.id, 2, 1)
  await store.claimAdoptionRead(user.id, 0)
  await store.findRequestForCallback(request)
  await store.countCallback(request, 10)
  await store.changeRequest(request, { kind: 'claimed', itemId: 7, step: null })
  const claiming = { by: 'srv_test', at: 0, until: 1, limit: 20 }
  await store.claimCallbacks(claiming)
  await store.claimCallbacks({ ...claiming, after: { openedAt: 1, id: request } })
  await store.changeRequest(request, { kind: 'given-up', itemId: 7 }, 'srv_test')
  await store.changeRequest(request, { kind: 'left', step: null })
  const outcome = { state: 'completed', step: null, item: itemFacts({ id: 7 }), at: 1 } as const
  await store.settleRequest(request, outcome, anAnnouncement(rooms, user))
  await store.expireRequests(testNow, 500)
  await store.listItems(user.id)
  await store.keepItems(user.id, [itemFacts({ id: 7 })], { at: 2, complete: true })
  await store.keepAccounts([{ id: 71, itemId: 7 }], 2)
  await store.noteItem(7, notFound(3))
  const refresh = await store.claimAllowance('refresh', 7, { at: 4, since: 0, limit: 4 })
  if ('claim' in refresh) await store.releaseAllowance('refresh', refresh.claim)
  await store.deleteItem(7, testBy)

  // A value that the planner sees is a plan made anew at each run.
  expect([...seen].filter((sql) => /(?<!\+)(?:\?|[:@$][a-z])/i.test(sql))).toEqual([])
  const client = openSqlite(':memory:')
  onTestFinished(() => void client.close())
  // A gauge of /metrics: one count per scrape, which an index would make every write pay for.
  seen.delete(served)
  const scanned = [...seen].flatMap((sql) => scansOf(client, sql).map((scan) => ({ sql, scan })))
  expect(scanned).toEqual([])
  for (const table of growing) {
    expect([...seen].some((sql) => new RegExp(`(from|join|update) "${table}"`).test(sql))).toBe(
      true,
    )
  }
})

it('an item that goes takes its webhooks along by its events: many others of its site may wait', async () => {
  const rooms = testRooms()
  const user = await aUser(rooms, (await aTenant(rooms)).site)
  await rooms.store.keepItems(user.id, [itemFacts({ id: 7 })], { at: 1, complete: false })
  const seen = statements()
  await rooms.store.deleteItem(7, testBy)

  const client = openSqlite(':memory:')
  onTestFinished(() => void client.close())
  const deletions = [...seen].filter((sql) => sql.startsWith('delete from "deliveries"'))
  const steps = deletions.flatMap((sql) => planOf(client, sql)).join('\n')
  expect(steps).not.toContain('deliveries_due')
  expect(steps).toContain('deliveries_event_site (event_seq=? AND site_id=?)')
  expect(steps).toContain('events_item (item_id=?)')
})

it('where good keys are listed or counted, those that were revoked are passed over', async () => {
  const key = { apiKey: 'k', tenantId: 't', siteId: 's', secretHash: Buffer.alloc(1) }
  const bound = { mostOfSite: 0 }
  const newKey = { ...key, label: null, expiresAt: null }

  const listed = await plansOf((store) => store.listKeys('t', { goodAt: 9 }))
  const counted = await plansOf((store) => store.createKey(newKey, testBy, bound))

  expect(listed).toContain('USING INDEX api_keys_unrevoked (tenant_id=?)')
  expect(counted).toContain('USING INDEX api_keys_unrevoked (tenant_id=? AND site_id=?)')
})

it('what goes with a row is found by an index, where there may be much', () => {
  const client = openSqlite(':memory:')
  onTestFinished(() => void client.close())

  const whole = client
    .prepare<[], { name: string }>(
      `SELECT t.name || '.' || k."from" AS name FROM sqlite_schema t, pragma_foreign_key_list(t.name) k
       WHERE t.type = 'table' AND NOT EXISTS (
         SELECT 1 FROM pragma_index_list(t.name) i, pragma_index_info(i.name) c
         WHERE NOT i.partial AND c.seqno = 0 AND c.name = k."from")
       AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) c WHERE c.pk = 1 AND c.name = k."from")`,
    )
    .all()

  expect(whole.filter(({ name }) => !/^(sessions|usage)\./.test(name))).toEqual([])
})
