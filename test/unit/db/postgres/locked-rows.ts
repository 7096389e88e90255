import { sql } from 'drizzle-orm'
import type pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import { createTools } from '../../../../src/db/postgres/tools.ts'
import { testDatabase } from '../../../support/postgres.ts'
import { anAnnouncement, aTenant, aUser, testBy, testRooms } from '../../../support/tenants.ts'

/** A pool that does something else just before the first statement of this kind. */
export function doing(work: () => Promise<unknown>, before: RegExp, pool: pg.Pool) {
  const connect = async () => {
    const client = await pool.connect()
    const query = async (asked: string | pg.QueryConfig, values?: unknown[]) => {
      if (before.test(typeof asked === 'string' ? asked : asked.text)) await work()
      return client.query(asked as pg.QueryConfig, values)
    }
    return { query, release: () => client.release() } as unknown as pg.PoolClient
  }
  return { connect: connect as pg.Pool['connect'], waitingCount: 0, end: () => pool.end() }
}

/** A pool that sends another statement instead of one of this kind, when one is given. */
export function insteadOf(kind: RegExp, pool: pg.Pool, other: () => string | undefined) {
  const connect = async () => {
    const client = await pool.connect()
    const query = (asked: string | pg.QueryConfig, values?: unknown[]) => {
      const text = typeof asked === 'string' ? asked : asked.text
      const sent = kind.test(text) ? other() : undefined
      return sent === undefined ? client.query(asked as pg.QueryConfig, values) : client.query(sent)
    }
    return { query, release: () => client.release() } as unknown as pg.PoolClient
  }
  return { connect: connect as pg.Pool['connect'], waitingCount: 0, end: () => pool.end() }
}

/** A site with a webhook URL in a database of the test's own, and what tells whether somebody waits for a lock. */
export const withSite = async (server: string) => {
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
  return { ...rooms, pool, site, user, run, transaction, accept, isStuckOrOver }
}
