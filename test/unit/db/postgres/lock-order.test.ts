import { sql } from 'drizzle-orm'
import { Pool } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import { withPostgres } from '../../../support/postgres.ts'
import { anAnnouncement, aTenant, aUser, testBy } from '../../../support/tenants.ts'
import { doing, insteadOf, withSite } from './locked-rows.ts'

withPostgres((it, server) => {
  it('events of several sites wait for tries in the order in which those are settled', async () => {
    const { store, user, transaction, isStuckOrOver, ...rooms } = await withSite(server)
    const other = await aTenant({ store, ...rooms }, { name: 'other' })
    await store.updateSite(other.site.id, { webhookUrl: 'https://other.test/' }, testBy)
    const users = [user, await aUser({ store, ...rooms }, other.site)].toSorted((a, b) =>
      a.siteId < b.siteId ? -1 : 1,
    )
    const accept = () =>
      Promise.all(
        [null, 7].map((itemId, nth) =>
          store.acceptEvent({ ...anAnnouncement(rooms, users[nth]!), itemId }),
        ),
      )
    await accept()
    let accepted: Promise<unknown> | undefined

    await transaction(async (db) => {
      await db.execute(sql`SELECT id FROM deliveries WHERE item_id IS NULL FOR NO KEY UPDATE`)
      accepted = accept()
      await isStuckOrOver(accepted)
      const { rows } = await db.execute(
        sql`SELECT item_id FROM deliveries WHERE item_id = 7 FOR NO KEY UPDATE SKIP LOCKED`,
      )
      expect(rows).toHaveLength(1)
    })

    await accepted
  })

  it('what a silent member had in hand is freed in the order in which tries are settled', async () => {
    const { store, user, clock, run, transaction, isStuckOrOver, ...rooms } = await withSite(server)
    const other = await aTenant({ store, clock, ...rooms }, { name: 'other' })
    await store.updateSite(other.site.id, { webhookUrl: 'https://other.test/' }, testBy)
    const users = [user, await aUser({ store, clock, ...rooms }, other.site)]
    const [first, second] = users.toSorted((a, b) => (a.siteId < b.siteId ? -1 : 1))
    // The rows lie in the other order.
    for (const one of [second!, first!])
      await store.acceptEvent(anAnnouncement({ clock, ...rooms }, one))
    const at = clock.now()
    await store.joinMembers({ id: 'srv_1', host: 'one', pid: 1 }, { at, silentSince: 0 })
    await store.claimDeliveries({ by: 'srv_1', at, leaseUntil: at + 60_000, limit: 9 })
    let freed: Promise<unknown> | undefined

    await transaction(async (db) => {
      await db.execute(
        sql`SELECT id FROM deliveries WHERE site_id = ${first!.siteId} FOR NO KEY UPDATE`,
      )
      freed = store.joinMembers({ id: 'srv_2', host: 'two', pid: 2 }, { at, silentSince: at })
      await isStuckOrOver(freed)
      const { rows } = await db.execute(sql`SELECT id FROM deliveries
        WHERE site_id = ${second!.siteId} FOR NO KEY UPDATE SKIP LOCKED`)
      expect(rows).toHaveLength(1)
    })

    await freed
    const left = sql`SELECT id FROM deliveries WHERE claimed_by IS NOT NULL`
    expect((await run((db) => db.execute(left))).rows).toEqual([])
  })

  it('work that members give up, and what a silent one had, goes in the order in which all lock it', async () => {
    const { store, clock, transaction, isStuckOrOver } = await withSite(server)
    const claim = sql`INSERT INTO work_claims (kind, subject, claimed_by, claimed_until)
      VALUES ('callback', 'b', 'srv_1', 1), ('callback', 'a', 'srv_1', 1)`
    const joins = { at: clock.now(), silentSince: 0 }
    for (const giveUp of [
      () => store.releaseWork('callback', 'srv_1'),
      () => store.removeMember('srv_1'),
      () => store.joinMembers({ id: 'srv_2', host: 'two', pid: 2 }, joins),
    ]) {
      await transaction((db) => db.execute(claim))
      let given: Promise<unknown> | undefined
      await transaction(async (db) => {
        await db.execute(sql`SELECT subject FROM work_claims WHERE subject = 'a' FOR SHARE`)
        given = giveUp()
        await isStuckOrOver(given)
        const { rows } = await db.execute(
          sql`SELECT subject FROM work_claims FOR SHARE SKIP LOCKED`,
        )
        expect(rows).toHaveLength(2)
      })
      await given
    }
  })

  it('what is written of events that wait for a lock in vain is tried one by one, without much patience', async () => {
    const { pool, store, user, clock, transaction, ...rooms } = await withSite(server)
    const empty = Buffer.alloc(0)
    await store.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
    const at = clock.now()
    await store.joinMembers({ id: 'srv_1', host: 'one', pid: 1 }, { at, silentSince: 0 })
    for (const dedupeKey of ['first', 'second']) {
      await store.acceptEvent(
        anAnnouncement({ clock, ...rooms }, user, { dedupeKey, handledAt: null }),
      )
    }
    const claim = { by: 'srv_1', at, until: at + 60_000, limit: 9 }
    const events = await store.claimUnhandledEvents(claim)
    const impatient = new Pool({ ...pool.options, lock_timeout: 300 })
    onTestFinished(() => impatient.end())
    let tries = 0
    const counting = createPostgresStore(
      doing(async () => void (tries += 1), /lock_timeout = 100/, impatient),
    )

    const ends = await transaction(async (db) => {
      await db.execute(sql`SELECT seq FROM events WHERE seq = ${events[0]!.seq} FOR UPDATE`)
      return Promise.allSettled(
        events.map(({ seq }) => counting.markHandled({ by: 'srv_1', seq }, at)),
      )
    })

    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(tries).toBe(2)
  })

  it('tries of which one’s endpoint has news are settled again when they met a deadlock', async () => {
    const { pool, store, clock, accept } = await withSite(server)
    await accept(7)
    const at = clock.now()
    const [claimed] = await store.claimDeliveries({
      by: 's',
      at,
      leaseUntil: at + 60_000,
      limit: 9,
    })
    let deadlocks = 0
    const meeting = createPostgresStore(
      insteadOf(/^\s*UPDATE deliveries SET state/, pool, () =>
        (deadlocks += 1) === 1 ? "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$" : undefined,
      ),
    )
    const { id, attempt, site } = claimed!
    const failed = { kind: 'failed', dueAt: at + 60_000 } as const
    const endpoint = { webhookUrl: site.webhookUrl, status: 500 }
    const settlement = { id, attempt, at, outcome: failed, try: null, endpoint }

    expect(await meeting.settleDelivery(settlement)).toMatchObject({ outcome: 'settled' })

    expect(deadlocks).toBe(2)
    expect(await store.readEndpoint(site.id)).toMatchObject({ streak: 1 })
  })
})
