import { sql } from 'drizzle-orm'
import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import { createTools } from '../../../../src/db/postgres/tools.ts'
import { testDatabase, withPostgres } from '../../../support/postgres.ts'
import { anAnnouncement, aTenant, aUser, testBy, testRooms } from '../../../support/tenants.ts'

withPostgres((it, server) => {
  const withSite = async () => {
    const pool = createPool({ url: await testDatabase(server), poolSize: 4, waitMs: 0 })
    onTestFinished(() => pool.end())
    const { run, transaction } = createTools(pool)
    const rooms = testRooms(createPostgresStore(pool))
    const { site } = await aTenant(rooms)
    await rooms.store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/' }, testBy)
    const user = await aUser(rooms, site)
    const accept = async (itemId: number) => {
      const event = anAnnouncement(rooms, user, { itemId })
      await rooms.store.acceptEvent(event)
      return event.id
    }
    const waits = sql`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`
    /** Resolves once the work is over, or waits for a lock. */
    const isStuckOrOver = async (work: Promise<unknown>) => {
      let isOver = false
      void work.finally(() => (isOver = true))
      const isWaiting = async () => (await run((db) => db.execute(waits))).rows.length > 0
      await expect.poll(async () => isOver || (await isWaiting())).toBe(true)
    }
    return { ...rooms, transaction, accept, isStuckOrOver }
  }

  it('a member that claims at a site while another does counts what that one took', async () => {
    const { store, clock, transaction, accept, isStuckOrOver } = await withSite()
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

  it('a delivery that comes while the try before it ends does not wait for it for ever', async () => {
    const { store, clock, transaction, accept, isStuckOrOver } = await withSite()
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
})
