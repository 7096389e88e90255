import type pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import type { Connections } from '../../../../src/db/postgres/tools.ts'
import type { Settlement } from '../../../../src/db/ports/deliveries.ts'
import { layCable } from '../../../support/cable.ts'
import { testNow } from '../../../support/clock.ts'
import { testDatabase, withPostgres } from '../../../support/postgres.ts'
import { unhandledIn } from '../../../support/store.ts'
import {
  addItems,
  anAnnouncement,
  aTenant,
  aUser,
  testBy,
  testRooms,
} from '../../../support/tenants.ts'

/** A pool that counts how often somebody asks it for something while no answer is under way. */
function counting(pool: pg.Pool) {
  let trips = 0
  const connect = async () => {
    const client = await pool.connect()
    let underWay = 0
    const query = async (asked: pg.QueryConfig, values?: unknown[]) => {
      if (underWay === 0) trips += 1
      underWay += 1
      try {
        return await client.query(asked, values)
      } finally {
        underWay -= 1
      }
    }
    return { query, release: (error?: Error) => client.release(error) } as unknown as pg.PoolClient
  }
  const connections: Connections & { end(): Promise<void> } = {
    connect: connect as pg.Pool['connect'],
    waitingCount: 0,
    end: () => pool.end(),
  }
  const tripsOf = async (work: Promise<unknown>) => {
    const before = trips
    await work
    return trips - before
  }
  return { connections, tripsOf }
}

withPostgres((it, server) => {
  const withSite = async () => {
    const { connections, tripsOf } = counting(
      createPool({ url: await testDatabase(server), poolSize: 1, waitMs: 0 }),
    )
    const rooms = testRooms(createPostgresStore(connections))
    const { store } = rooms
    onTestFinished(() => store.close())
    const { site, siteKey, scope } = await aTenant(rooms)
    await store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/' }, testBy)
    const user = await aUser(rooms, site)
    const event = (itemId: number, more = {}) => anAnnouncement(rooms, user, { itemId, ...more })
    const claim = { by: 'srv_1', at: testNow, leaseUntil: testNow + 1, limit: 9 }
    const settled = async (outcome: Settlement['outcome'], status: number | null) => {
      const [claimed] = await store.claimDeliveries(claim)
      const { id, attempt, site: sentTo } = claimed!
      const tried = { startedAt: 1, durationMs: 1, status, error: null, response: null }
      const endpoint = { webhookUrl: sentTo.webhookUrl, status }
      return store.settleDelivery({ id, attempt, at: testNow, outcome, try: tried, endpoint })
    }
    return { ...rooms, tripsOf, site, siteKey, scope, user, event, claim, settled }
  }

  it('a caller’s key and what it asks for take one round trip each', async () => {
    const { store, tripsOf, siteKey, scope } = await withSite()

    expect(await tripsOf(store.findKey(siteKey.apiKey))).toBe(1)
    expect(await tripsOf(store.findItem(scope, 7))).toBe(1)
    expect(await tripsOf(store.findItem(scope, { accountId: 71 }))).toBe(1)
    expect(await tripsOf(store.findRequest(scope, 'x'))).toBe(1)
  })

  it('a webhook takes one round trip to find its owner, and one to be stored with its delivery', async () => {
    const { store, tripsOf, user, event } = await withSite()
    const news = event(7)

    expect(await tripsOf(store.findUserByUuid(user.userUuid))).toBe(1)
    expect(await tripsOf(store.acceptEvent(news))).toBe(1)
    expect(await tripsOf(store.acceptEvent(news))).toBe(1)
    expect(await tripsOf(store.acceptEvent(event(7)))).toBe(1)
  })

  it('what comes at the same moment shares its round trips: webhooks, what they change, and the ends of tries', async () => {
    const { store, tripsOf, user, event, claim } = await withSite()
    const ten = Array.from({ length: 10 }, (_, nth) => nth + 1)
    const all = (work: (nth: number) => Promise<unknown>) => Promise.all(ten.map(work))
    const handling = { by: 'srv_test', seq: 0, handledAt: null }
    const tried = { startedAt: 1, durationMs: 1, status: 200, error: null, response: null }

    expect(await tripsOf(all(() => store.findUserByUuid(user.userUuid)))).toBe(1)
    expect(await tripsOf(all((nth) => store.acceptEvent(event(nth))))).toBe(1)
    const of = { userId: user.id, at: testNow }
    const applying = all((itemId) =>
      store.applyEvent({ kind: 'item-gone', itemId, ...of }, handling).catch(() => {}),
    )
    expect(await tripsOf(applying)).toBe(2)
    const claimed = await store.claimDeliveries(claim)
    const settling = Promise.all(
      claimed.map(({ id, attempt }) => {
        const outcome = { kind: 'delivered' } as const
        return store.settleDelivery({
          id,
          attempt,
          at: testNow,
          outcome,
          try: tried,
          endpoint: null,
        })
      }),
    )
    expect(claimed).toHaveLength(4)
    expect(await tripsOf(settling)).toBe(2)
  })

  it('an item’s accounts are looked at in one round trip, and stored in six, however many they are', async () => {
    const { store, tripsOf, user, ...rooms } = await withSite()
    await addItems({ store, ...rooms }, user, 7)
    const accounts = Array.from({ length: 12 }, (_, nth) => {
      const print = Buffer.from(`of ${nth}`)
      return { id: 70 + nth, itemId: 7, ibanFingerprint: print, ownerPrint: print }
    })
    const returning = { userId: user.id, announce: () => expect.unreachable() }
    const known = accounts.map(({ id, itemId }) => ({ id, itemId, hasIban: true }))

    expect(await tripsOf(store.keepAccounts(accounts, testNow, returning))).toBe(6)
    expect(await tripsOf(store.lookAtAccounts(known))).toBe(1)
  })

  it('looking for work where there is none takes one round trip', async () => {
    const { store, tripsOf, claim } = await withSite()
    const claiming = { by: 'srv_1', at: testNow, until: testNow + 1, limit: 9 }

    expect(await tripsOf(store.claimDeliveries(claim))).toBe(1)
    expect(await tripsOf(store.claimUnhandledEvents(claiming))).toBe(1)
    expect(await tripsOf(store.claimCallbacks(claiming))).toBe(1)
    expect(await tripsOf(store.recoverDead(testNow))).toBe(1)
  })

  it('a batch of deliveries is claimed in few round trips, however large it is', async () => {
    const { store, tripsOf, event, claim } = await withSite()
    for (const itemId of [1, 2, 3, 4]) await store.acceptEvent(event(itemId))

    expect(await tripsOf(store.claimDeliveries(claim))).toBe(4)
  })

  it('a try ends in two round trips, and four when its endpoint is judged anew', async () => {
    const { store, tripsOf, event, settled } = await withSite()
    for (const itemId of [1, 1, 1]) await store.acceptEvent(event(itemId))
    const claims = 4

    expect(await tripsOf(settled({ kind: 'delivered' }, 200))).toBe(claims + 2)
    expect(await tripsOf(settled({ kind: 'failed', dueAt: testNow }, 500))).toBe(claims + 4)
  })

  it('an event is applied in two round trips, and three when its item changes', async () => {
    const { store, tripsOf, user, ...rooms } = await withSite()
    await addItems({ store, ...rooms }, user, 7)
    const of = { userId: user.id, itemId: 7, at: testNow }
    const known = { kind: 'account', accountId: 71, ...of } as const
    const changed = { ...known, at: testNow + 60_000 }
    const event = anAnnouncement(rooms, user, { handledAt: null })
    await store.acceptEvent(event)
    const [{ seq } = { seq: 0 }] = await unhandledIn(store, testNow)
    const handling = { by: 'srv_test', seq, handledAt: testNow }

    expect(await tripsOf(store.applyEvent(known, handling))).toBe(2)
    expect(await tripsOf(store.applyEvent(changed, handling))).toBe(3)
  })

  it('statements that need no answer are sent without waiting for one', async () => {
    const database = await testDatabase(server)
    const url = new URL(database)
    const cable = await layCable(Number(url.port))
    url.port = String(cable.port)
    const [near, far] = [url.href, database].map((one) =>
      createPostgresStore(createPool({ url: one, poolSize: 1, waitMs: 0 })),
    )
    onTestFinished(async () => {
      await near?.close()
      await far?.close()
    })
    const rooms = testRooms(near)
    const user = await aUser(rooms, (await aTenant(rooms)).site)
    const event = anAnnouncement(rooms, user)

    cable.mute()
    const accepted = near!.acceptEvent(event)
    await expect.poll(() => far!.acceptEvent(event)).toBe('repeat')
    cable.mend()

    expect(await accepted).toBe('new')
  })
})
