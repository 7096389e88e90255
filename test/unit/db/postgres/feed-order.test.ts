import { Client, type Pool, type PoolClient, type QueryConfig } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import type { Connections } from '../../../../src/db/postgres/tools.ts'
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

  it.each([1, 2, 3])(
    'an event stored before the look’s statement %i is behind where the feed begins',
    async (nth) => {
      const url = await testDatabase(server)
      const writer = createPostgresStore(createPool({ url, poolSize: 2, waitMs: 0 }))
      const pool = createPool({ url, poolSize: 1, waitMs: 0 })
      const onePerStatement = oneByOne(pool)
      const reader = createPostgresStore(onePerStatement.connections)
      for (const store of [writer, reader]) onTestFinished(() => store.close())
      const rooms = testRooms(writer)
      const { site, scope } = await aTenant(rooms)
      const event = anAnnouncement(rooms, await aUser(rooms, site))
      onePerStatement.before(nth, () => writer.acceptEvent(event))

      const after = await reader.findFeedStart(scope, event.receivedAt, 0)

      const page = await reader.readFeed(scope, { after, limit: 9, bytes: 999, forgottenBefore: 0 })
      expect(page).toMatchObject({ events: [{ id: event.id }] })
    },
  )
})

/** A pool whose statements run one after the other, in the order they are sent, with something done before one of them. */
function oneByOne(pool: Pool) {
  let [sent, nth] = [0, 0]
  let work: () => Promise<unknown> = () => Promise.resolve()
  let last: Promise<unknown> = Promise.resolve()
  const connections: Connections & { end(): Promise<void> } = {
    connect: (async () => {
      const client = await pool.connect()
      const query = async (asked: QueryConfig, values?: unknown[]) => {
        const before = last
        const isIt = (sent += 1) === nth
        const answer = (async () => {
          await before
          if (isIt) await work()
          return client.query(asked, values)
        })()
        last = answer
        return answer
      }
      return { query, release: (error?: Error) => client.release(error) } as unknown as PoolClient
    }) as Pool['connect'],
    waitingCount: 0,
    end: () => pool.end(),
  }
  return {
    connections,
    before(statement: number, done: () => Promise<unknown>) {
      ;[sent, nth, work] = [0, statement, done]
    },
  }
}
