import { readFileSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { createGroupCommit } from '../../src/db/sqlite/group-commit.ts'
import { openSqlite } from '../../src/db/sqlite/open.ts'
import { readySites, takeDue, takeFirstTries } from '../../src/db/sqlite/operations/deliveries.ts'
import { eventOperations } from '../../src/db/sqlite/operations/events.ts'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { createTools } from '../../src/db/sqlite/tools.ts'
import { StoreBusyError, StoreDiskError } from '../../src/db/store-errors.ts'
import type { Store } from '../../src/db/store.ts'
import { databaseFile } from '../support/store.ts'
import { anAnnouncement, aTenant, aUser, testRooms } from '../support/tenants.ts'
import { deliveryContract } from './deliveries.ts'

const rooms = (open: () => Store) => () => {
  const store = open()
  onTestFinished(() => store.close())
  return testRooms(store)
}
const onFile = () => databaseFile()

deliveryContract(
  'SQLite',
  rooms(() => createSqliteStore(onFile())),
)

const testClient = (path = ':memory:') => {
  const client = openSqlite(path)
  onTestFinished(() => void client.close())
  return client
}

it.each([
  ['the look for ready sites', readySites],
  ['the claim', takeDue],
  ['the claim of first tries', takeFirstTries],
])('%s reads by index, however much is delivered', (_, sql) => {
  const client = testClient()
  const values = { at: 1, by: 'srv_test', leaseUntil: 2, siteId: 'x', limit: 4 }
  const named = Object.fromEntries(
    Object.entries(values).filter(([name]) => sql.includes(`@${name}`)),
  )

  const plan = client
    .prepare<[object], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(named)
    .map(({ detail }) => detail)

  expect(plan.filter((line) => /\bSCAN (deliveries|sites|endpoints)\b/.test(line))).toEqual([])
  expect(plan.filter((line) => /TEMP B-TREE/.test(line) && sql !== readySites)).toEqual([])
  expect(plan.join('\n')).toMatch(/deliveries_(first_)?due/)
})

it('jobs of one moment share a transaction, and a commit that fails rejects them all', async () => {
  const client = testClient()
  client.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY)')
  client.exec('CREATE TABLE child (id INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)')
  const group = createGroupCommit(client)
  const insert = client.prepare('INSERT INTO child (id) VALUES (?)')

  const results = await Promise.allSettled([1, null].map((id) => group(() => void insert.run(id))))

  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(client.prepare('SELECT count(*) FROM child').pluck().get()).toBe(0)
  await group(() => void insert.run(null))
  expect(client.prepare('SELECT count(*) FROM child').pluck().get()).toBe(1)
})

/** How many commits the log beside a database holds: each ends with a frame that tells the database's size. */
function commitsIn(path: string): number {
  const log = readFileSync(`${path}-wal`)
  const [header, frameHeader, pageSize] = [32, 24, log.readUInt32BE(8)]
  let commits = 0
  for (let at = header; at + frameHeader <= log.length; at += frameHeader + pageSize) {
    if (log.readUInt32BE(at + 4) > 0) commits += 1
  }
  return commits
}

it('events of one moment share a commit, and so do tries that end at once', async () => {
  const path = onFile()
  const { store, clock, ids, ...more } = rooms(() => createSqliteStore(path))()
  const { site } = await aTenant({ store, clock, ids, ...more })
  const at = clock.now()
  await store.updateSite(site.id, { webhookUrl: 'https://a.test/' }, { actor: 'test', at })
  const user = await aUser({ store, clock, ids }, site)
  const events = [1, 2, 3, 4].map((itemId) => anAnnouncement({ clock, ids }, user, { itemId }))
  const before = commitsIn(path)

  await Promise.all(events.map((event) => store.acceptEvent(event)))
  const accepted = commitsIn(path)
  const claims = await store.claimDeliveries({ at, by: 'srv_test', leaseUntil: at + 1, limit: 4 })
  const claimed = commitsIn(path)
  await Promise.all(
    claims.map(({ id, attempt }) =>
      store.settleDelivery({
        id,
        attempt,
        at,
        outcome: { kind: 'delivered' },
        try: null,
        endpoint: null,
      }),
    ),
  )

  expect(claims).toHaveLength(4)
  expect([accepted - before, claimed - accepted, commitsIn(path) - claimed]).toEqual([1, 1, 1])
})

it('an event is applied in the commit that stores it, unless its user’s turn or a crowd is in the way', async () => {
  const path = onFile()
  const { store, clock, ...more } = rooms(() => createSqliteStore(path))()
  const { site } = await aTenant({ store, clock, ...more })
  const ann = await aUser({ store, clock, ...more }, site, { name: 'ann' })
  const bob = await aUser({ store, clock, ...more }, site, { name: 'bob' })
  const at = clock.now()
  const event = (user: typeof ann, fields: object = {}) =>
    anAnnouncement({ clock, ...more }, user, { handledAt: null, ...fields })
  const accept = async (user: typeof ann, accountId: number) => {
    const change = { kind: 'account', userId: user.id, itemId: accountId, accountId, at } as const
    await store.acceptEvent(event(user), change)
    return (await store.listAccounts(accountId)).length === 1
  }
  const before = commitsIn(path)

  expect(await accept(ann, 1)).toBe(true)
  expect(commitsIn(path) - before).toBe(1)
  await store.acceptEvent(event(bob))
  expect([await accept(ann, 2), await accept(bob, 3)]).toEqual([true, false])
  await Promise.all(Array.from({ length: 98 }, () => store.acceptEvent(event(bob))))
  expect(await accept(ann, 4)).toBe(false)
})

it('claiming events writes nothing: the place of the only server is its claim', async () => {
  const path = onFile()
  const { store, clock, ...more } = rooms(() => createSqliteStore(path))()
  const { site } = await aTenant({ store, clock, ...more })
  const user = await aUser({ store, clock, ...more }, site)
  await store.acceptEvent(anAnnouncement({ clock, ...more }, user, { handledAt: null }))
  const before = commitsIn(path)

  const claim = { by: 'srv_1', at: clock.now(), until: clock.now() + 1, limit: 9 }

  expect(await store.claimUnhandledEvents(claim)).toHaveLength(1)
  expect(await store.claimCallbacks(claim)).toEqual([])
  expect(commitsIn(path)).toBe(before)
})

it('an event that the disk has no room for is refused as a fault of the disk, and is welcome later', async () => {
  const path = onFile()
  const made = rooms(() => createSqliteStore(path))()
  const user = await aUser(made, (await aTenant(made)).site)
  const event = anAnnouncement(made, user, { body: Buffer.alloc(100_000) })
  const client = testClient(path)
  const store = eventOperations({ ...createTools(client), group: createGroupCommit(client) })
  const pages = client.pragma('page_count', { simple: true }) as number

  client.pragma(`max_page_count = ${pages}`)
  await expect(store.acceptEvent(event)).rejects.toThrow(StoreDiskError)
  client.pragma(`max_page_count = ${pages + 1_000}`)

  expect(await store.acceptEvent(event)).toBe('new')
})

it('an event that cannot be stored because the database stays locked is refused as busy', async () => {
  const path = onFile()
  const { store, ...more } = rooms(() => createSqliteStore(path))()
  const { site } = await aTenant({ store, ...more })
  const user = await aUser({ store, ...more }, site)
  const other = new Sqlite(path)
  onTestFinished(() => void other.close())
  other.exec('BEGIN IMMEDIATE')

  await expect(store.acceptEvent(anAnnouncement(more, user))).rejects.toThrow(StoreBusyError)

  other.exec('COMMIT')
  expect(await store.acceptEvent(anAnnouncement(more, user))).toBe('new')
})
