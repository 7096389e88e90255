import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import { testDatabase, withPostgres } from '../../../support/postgres.ts'
import { anAnnouncement, aTenant, aUser, testRooms } from '../../../support/tenants.ts'

withPostgres((it, server) => {
  it('an event whose commit takes long is not passed over by who reads meanwhile', async () => {
    const url = await testDatabase(server)
    const [slowly, quickly, reader] = [1, 2, 3].map(() => {
      const store = createPostgresStore(createPool({ url, poolSize: 2, waitMs: 0 }))
      onTestFinished(() => store.close())
      return store
    })
    const [other, observer] = [new Client(url), new Client(url)]
    for (const client of [other, observer]) {
      await client.connect()
      onTestFinished(() => client.end())
    }
    const rooms = testRooms(reader)
    const { site, scope } = await aTenant(rooms)
    const user = await aUser(rooms, site)
    const [slow, quick] = [anAnnouncement(rooms, user), anAnnouncement(rooms, user)]
    const read = async (after: number) => {
      const query = { after, limit: 9, bytes: 999, forgottenBefore: 0 }
      const page = await reader!.readFeed(scope, query)
      if (page === 'forgotten') throw new Error('Nothing is forgotten')
      return { ids: page.events.map(({ id }) => id), upTo: page.upTo?.seq ?? after }
    }
    const waiting = async () => {
      const { rows } = await observer.query<{ many: number }>(
        `SELECT count(*)::int AS many FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows[0]!.many
    }

    // Somebody is about to store the same event: the slow one has its place, and waits to hear whether it is a repeat.
    await other.query('BEGIN')
    await other.query(
      `INSERT INTO events (id, dedupe_key, type, occurred_at, received_at) VALUES ('evt_other', $1, 'x', 1, 1)`,
      [slow.dedupeKey],
    )
    const first = slowly!.acceptEvent(slow)
    await expect.poll(waiting).toBe(1)
    let isStored = false
    const second = quickly!.acceptEvent(quick).finally(() => (isStored = true))
    await expect.poll(async () => isStored || (await waiting()) === 2).toBe(true)
    const meanwhile = await read(0)
    await other.query('ROLLBACK')
    await Promise.all([first, second])

    const then = await read(meanwhile.upTo)
    expect([...meanwhile.ids, ...then.ids]).toEqual([slow.id, quick.id])
  })
})
