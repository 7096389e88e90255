import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { insertEvent } from '../../../../src/db/postgres/operations/store-event.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import type { Settlement } from '../../../../src/db/ports/deliveries.ts'
import type { Store } from '../../../../src/db/store.ts'
import { withPostgres } from '../../../support/postgres.ts'
import {
  addItems,
  anAnnouncement,
  aRequest,
  aTenant,
  aUser,
  testBy,
} from '../../../support/tenants.ts'
import { doing, withSite } from './locked-rows.ts'

withPostgres((it, server) => {
  it('a member that claims at a site while another does counts what that one took', async () => {
    const { store, clock, transaction, accept, isStuckOrOver } = await withSite(server)
    for (const itemId of [1, 2, 3, 4, 5, 6]) await accept(itemId)
    const [at, leaseUntil] = [clock.now(), clock.now() + 60_000]
    let claimed: Promise<unknown[]> | undefined

    await transaction(async (db) => {
      await db.execute(sql`SELECT id FROM sites FOR NO KEY UPDATE`)
      await db.execute(sql`UPDATE deliveries SET claimed_until = ${leaseUntil}, claimed_by = 'srv_1'
        WHERE id IN (SELECT id FROM deliveries ORDER BY event_seq LIMIT 4)`)
      claimed = store.claimDeliveries({ by: 'srv_2', at, leaseUntil, limit: 9 })
      await isStuckOrOver(claimed)
    })

    expect(await claimed).toEqual([])
  })

  it('a member that claims where another one claims has the sites behind, and waits for nobody', async () => {
    const { transaction, accept, ...rooms } = await withSite(server)
    const { store, clock } = rooms
    const others = await aTenant(rooms, { name: 'other' })
    await store.updateSite(others.site.id, { webhookUrl: 'https://erp.other.test/' }, testBy)
    await accept(1)
    clock.advance(1)
    const later = anAnnouncement(rooms, await aUser(rooms, others.site), { itemId: 2 })
    await store.acceptEvent(later)
    const claim = { by: 'srv_2', at: clock.now(), leaseUntil: clock.now() + 60_000, limit: 1 }

    await transaction(async (db) => {
      await db.execute(sql`SELECT id FROM sites WHERE id <> ${others.site.id} FOR NO KEY UPDATE`)

      const claimed = await store.claimDeliveries(claim)
      expect(claimed.map(({ event }) => event.id)).toEqual([later.id])
    })
  })

  it('a member that claims where another one claims for long goes away with nothing', async () => {
    const { store, clock, transaction, accept } = await withSite(server)
    await accept(1)
    const claim = { by: 'srv_2', at: clock.now(), leaseUntil: clock.now() + 60_000, limit: 9 }

    await transaction(async (db) => {
      await db.execute(sql`SELECT id FROM sites FOR NO KEY UPDATE`)

      expect(await store.claimDeliveries(claim)).toEqual([])
    })

    expect(await store.claimDeliveries(claim)).toHaveLength(1)
  })

  it('a member whose clock stood still while others went on claims nothing: for them its claims would be over', async () => {
    const { store, clock, accept } = await withSite(server)
    const event = await accept(1)
    const at = (time: number) => ({ by: 'srv_1', at: time, leaseUntil: time + 60_000 })
    const claimAt = (time: number) => store.claimDeliveries({ ...at(time), limit: 9 })
    const paused = clock.now()
    clock.advance(60_001)
    const other = { id: 'srv_2', host: 'there', pid: 1 }
    await store.joinMembers(other, { at: clock.now(), silentSince: 0 })

    expect(await claimAt(paused)).toEqual([])
    expect(await store.claimDelivery(event, at(paused))).toBeUndefined()

    expect(await claimAt(clock.now())).toHaveLength(1)
  })

  it('a delivery that comes while the try before it ends does not wait for it for ever', async () => {
    const { store, clock, transaction, accept, isStuckOrOver } = await withSite(server)
    await accept(7)
    let accepted: Promise<string> | undefined

    await transaction(async (db) => {
      await db.execute(
        sql`UPDATE deliveries SET state = 'delivered', first_ended_at = ${clock.now()}`,
      )
      accepted = accept(7)
      await isStuckOrOver(accepted)
    })

    expect(await store.findDelivery((await accepted)!)).toMatchObject({ dueAt: clock.now() })
  })

  it('first tries of one item that end at the same moment let go what waits behind both', async () => {
    const { store, pool, clock, accept, isStuckOrOver } = await withSite(server)
    const [one, two, behind] = [await accept(7), await accept(7), await accept(7)]
    const at = clock.now()
    const claim = { by: 'srv_1', at, leaseUntil: at + 60_000 }
    const [first, second] = [
      await store.claimDelivery(one, claim),
      await store.claimDelivery(two, claim),
    ]
    const settle = (by: Store, { id, attempt } = first!) => {
      const outcome = { kind: 'delivered' } as const
      return by.settleDelivery({ id, attempt, at, outcome, try: null, endpoint: null })
    }
    let other: Promise<unknown> | undefined
    const meanwhile = () => {
      other ??= settle(store, second)
      return isStuckOrOver(other)
    }

    await settle(createPostgresStore(doing(meanwhile, /^COMMIT/, pool)))
    await other

    expect(await store.findDelivery(behind)).toMatchObject({ dueAt: at })
  })

  it('what dies of an address at the moment that another one is given begins anew there', async () => {
    const { store, pool, site, clock, accept, isStuckOrOver } = await withSite(server)
    const id = await accept(7)
    const at = clock.now()
    const settle = async (outcome: Settlement['outcome']) => {
      const claimed = await store.claimDelivery(id, { by: 'srv_1', at, leaseUntil: at + 60_000 })
      const endpoint = { webhookUrl: claimed!.site.webhookUrl, status: 500 }
      return store.settleDelivery({ ...claimed!, at, outcome, try: null, endpoint })
    }
    await settle({ kind: 'failed', dueAt: at })
    let settled: Promise<unknown> | undefined
    const meanwhile = () => isStuckOrOver((settled ??= settle({ kind: 'dead' })))

    const changing = createPostgresStore(doing(meanwhile, /^COMMIT/, pool))
    await changing.updateSite(site.id, { webhookUrl: 'https://new.acme.test/' }, testBy)
    await settled

    expect(await store.findDelivery(id)).toMatchObject({ state: 'pending', dueAt: at })
  })

  it('a delivery that waits for none before it, as versions before this one could leave it, goes with the next of its item', async () => {
    const { store, run, clock, accept } = await withSite(server)
    const left = await accept(7)
    await run((db) => db.execute(sql`UPDATE deliveries SET due_at = NULL`))

    const next = await accept(7)

    expect(await store.findDelivery(left)).toMatchObject({ dueAt: clock.now() })
    expect(await store.findDelivery(next)).toMatchObject({ dueAt: null })
  })

  it('a tenant’s events are numbered as they are committed: no reader passes one that is still to come', async () => {
    const { store, user, run, transaction, isStuckOrOver, ...rooms } = await withSite(server)
    const seen = async () => (await run((db) => db.execute(sql`SELECT seq FROM events`))).rows
    let second: Promise<unknown> | undefined

    await transaction(async (db) => {
      await insertEvent(db, anAnnouncement(rooms, user))
      second = store.acceptEvent(anAnnouncement(rooms, user))
      await isStuckOrOver(second)

      expect(await seen()).toEqual([])
    })

    await second
    expect(await seen()).toHaveLength(2)
  })

  it('an event that waits for its tenant finds the site as it is by then', async () => {
    const { store, site, user, transaction, isStuckOrOver, ...rooms } = await withSite(server)
    const event = anAnnouncement(rooms, user)
    let accepted: Promise<unknown> | undefined

    await transaction(async (db) => {
      await db.execute(sql`SELECT id FROM tenants FOR NO KEY UPDATE`)
      await db.execute(sql`UPDATE sites SET removed_at = 1 WHERE id = ${site.id}`)
      accepted = store.acceptEvent(event)
      await isStuckOrOver(accepted)
    })

    expect(await accepted).toBe('new')
    expect(await store.findDelivery(event.id)).toBeUndefined()
  })

  it.each<[string, (store: Store, id: string) => Promise<unknown>]>([
    [
      'its user leaves',
      (store, id) => store.changeRequest(id, { kind: 'left', step: 'cancelled' }),
    ],
    [
      'a callback claims',
      (store, id) => store.changeRequest(id, { kind: 'claimed', itemId: 8, step: null }),
    ],
  ])('a request that is completed at the moment that %s stays as it is', async (_what, happens) => {
    const { store, user, transaction, isStuckOrOver, ...rooms } = await withSite(server)
    const id = await aRequest({ store, ...rooms }, user)
    let late: Promise<unknown> | undefined

    await transaction(async (db) => {
      await db.execute(sql`UPDATE connect_requests SET state = 'completed', item_id = 7`)
      late = happens(store, id)
      await isStuckOrOver(late)
    })
    await late

    const found = await store.findRequestForCallback(id)
    expect(found?.request).toMatchObject({ state: 'completed', step: null, claimedItemId: null })
  })

  it('whether a member can write is tried on its own row: nobody who writes others is waited for', async () => {
    const { store, clock, run, transaction } = await withSite(server)
    const at = clock.now()
    for (const id of ['srv_1', 'srv_2']) {
      await store.joinMembers({ id, host: 'one', pid: 1 }, { at, silentSince: 0 })
    }
    const row = sql`INSERT INTO instance (id, mode, wrapped_pepper, created_at) VALUES (1, '', '', 0)`
    await run((db) => db.execute(row))

    await transaction(async (db) => {
      await db.execute(sql`SELECT id FROM instance FOR UPDATE`)
      await db.execute(sql`SELECT id FROM members WHERE id = 'srv_2' FOR UPDATE`)

      await expect(store.probeWrite('srv_1', at)).resolves.toBeUndefined()
    })
  })

  it('an item that somebody else gets at the same moment stays theirs, and the event says so', async () => {
    const { store, site, user, clock, transaction, isStuckOrOver, ...rooms } =
      await withSite(server)
    await aUser({ store, clock, ...rooms }, site, { name: 'ann' }) // the user who had no name
    const other = await aUser({ store, clock, ...rooms }, site, { name: 'ben' })
    await addItems({ store, clock }, other, 8)
    const account = { kind: 'account', itemId: 7, accountId: 71, at: clock.now() } as const
    let applied: Promise<boolean> | undefined

    await transaction(async (db) => {
      await db.execute(sql`INSERT INTO items (id, user_id, status, created_at, updated_at)
        SELECT 7, user_id, status, created_at, updated_at FROM items`)
      applied = store.applyEvent({ ...account, userId: user.id })
      await isStuckOrOver(applied)
    })

    expect(await applied).toBe(false)
    expect(await store.listAccounts(7)).toEqual([])
  })

  it('an entry of the audit that is still to be committed is not passed over by the log, which waits for none', async () => {
    const { store, transaction } = await withSite(server)
    const empty = Buffer.alloc(0)
    await store.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
    expect(await store.listUnloggedAudit(9)).toEqual([])
    const entry = { actor: 'test', action: 'site.updated', subject: 'x', at: 1 }

    await transaction(async (db) => {
      await db.execute(
        sql`INSERT INTO audit (at, actor, action, subject) VALUES (1, 'a', 'b', 'first')`,
      )
      await store.audit({ ...entry, subject: 'second' })
      expect(await store.listUnloggedAudit(9)).toEqual([])
    })

    const listed = await store.listUnloggedAudit(9)
    expect(listed.map(({ subject }) => subject)).toEqual(['first', 'second'])
  })

  it('the log goes on while somebody vacuums the audit, which may take minutes', async () => {
    const { store, transaction } = await withSite(server)
    const empty = Buffer.alloc(0)
    await store.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
    await store.listUnloggedAudit(9)
    await store.audit({ actor: 'test', action: 'site.updated', subject: 'x', at: 1 })

    await transaction(async (db) => {
      await db.execute(sql`LOCK TABLE audit IN SHARE UPDATE EXCLUSIVE MODE`) // as VACUUM does
      expect(await store.listUnloggedAudit(9)).toMatchObject([{ subject: 'x' }])
    })
  })

  it('a body whose delivery goes on its way again while it is to be forgotten stays', async () => {
    const { pool, run, clock, accept } = await withSite(server)
    const event = await accept(7)
    await run((db) => db.execute(sql`UPDATE deliveries SET state = 'dead', due_at = NULL`))
    const again = () =>
      run((db) => db.execute(sql`UPDATE deliveries SET state = 'pending', due_at = 1`))
    const store = createPostgresStore(doing(again, /^update "events"/, pool))

    expect(await store.purge('event-bodies', clock.now() + 1, { limit: 9 })).toMatchObject({
      count: 0,
    })

    const { rows } = await run((db) =>
      db.execute(sql`SELECT id FROM events WHERE body IS NOT NULL`),
    )
    expect(rows).toEqual([{ id: event }])
  })

  it('an event that is being sent again is not sent twice', async () => {
    const { store, site, ids, transaction, accept, isStuckOrOver } = await withSite(server)
    const event = await accept(7)
    await transaction((db) => db.execute(sql`DELETE FROM deliveries`))
    let replayed: Promise<unknown> | undefined

    await transaction(async (db) => {
      await db.execute(sql`SELECT id FROM events FOR NO KEY UPDATE`)
      await db.execute(sql`INSERT INTO deliveries (id, event_seq, site_id, state, due_at, created_at)
        SELECT 'dlv_1', seq, ${site.id}, 'pending', 1, 1 FROM events`)
      replayed = store.replayEvents([event], () => ids.next('dlv'), testBy)
      await isStuckOrOver(replayed)
    })

    expect(await replayed).toEqual({ replayed: 0, underway: 1, impossible: 0 })
  })
})
