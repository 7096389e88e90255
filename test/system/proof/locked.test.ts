import { monitorEventLoopDelay } from 'node:perf_hooks'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { createGroupCommit } from '../../../src/db/sqlite/group-commit.ts'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import { StoreBusyError } from '../../../src/db/store-errors.ts'
import { testApp } from '../../support/app.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, aUser } from '../../support/tenants.ts'

const secret = 'webhook-secret'

test('while another process holds the database, webhooks are refused with 503 and the loop stays free', async () => {
  const database = `${testFolder()}/bank-api.sqlite`
  const { app, clock } = await testApp({ database, env: { BRIDGE_WEBHOOK_SECRETS: secret } })
  const { site } = await aTenant(app)
  const user = await aUser(app, site)
  const post = async (itemId: number) => {
    const content = { item_id: itemId, user_uuid: user.userUuid }
    const body = JSON.stringify({ type: 'item.created', content, timestamp: clock.now() })
    const headers = { 'bridgeapi-signature': signBridgeWebhook(body, secret) }
    const url = '/webhooks/bridge'
    return app.inject({ method: 'POST', url, headers, payload: body })
  }
  const other = new Sqlite(database)
  onTestFinished(() => void other.close())
  expect((await post(0)).statusCode).toBe(200) // what is compiled once is compiled

  other.exec('BEGIN IMMEDIATE')
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const posts = Array.from({ length: 200 }, (_, index) => post(index + 1))
  const writes = Array.from({ length: 50 }, (_, index) =>
    app.store.setUserUuid(user.id, `${user.userUuid}${index}`).catch((error: unknown) => error),
  )
  const refused = await Promise.all(posts)
  const failed = await Promise.all(writes)
  delay.disable()
  other.exec('ROLLBACK')

  expect(new Set(refused.map(({ statusCode }) => statusCode))).toEqual(new Set([503]))
  expect(refused.every(({ headers }) => headers['retry-after'] === '5')).toBe(true)
  expect(failed.every((error) => error instanceof StoreBusyError)).toBe(true)
  // One statement met the lock inside SQLite, for 100 ms; fifty would take five seconds.
  expect(delay.max / 1e6).toBeLessThan(4_000)
  const again = await Promise.all(Array.from({ length: 200 }, (_, index) => post(index + 1)))
  expect(new Set(again.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
  expect(other.prepare('SELECT count(*) FROM events').pluck().get()).toBe(201)
})

test('behind a lock that lasts a moment nothing is refused', async () => {
  const path = `${testFolder()}/one.sqlite`
  const client = openSqlite(path)
  const other = new Sqlite(path)
  onTestFinished(() => {
    other.close()
    client.close()
  })
  client.exec('CREATE TABLE marks (mark INTEGER)')
  const group = createGroupCommit(client)
  const insert = client.prepare('INSERT INTO marks (mark) VALUES (?)')

  other.exec('BEGIN IMMEDIATE')
  const stored = Promise.all([1, 2].map((mark) => group(() => void insert.run(mark))))
  await new Promise((resolve) => setTimeout(resolve, 150))
  other.exec('ROLLBACK')
  await stored

  expect(client.prepare('SELECT count(*) FROM marks').pluck().get()).toBe(2)
  expect(client.pragma('busy_timeout', { simple: true })).toBe(100)
})

test('what waits behind a lock that stays is refused with what met it, and not after it', async () => {
  const path = `${testFolder()}/one.sqlite`
  const client = openSqlite(path)
  const other = new Sqlite(path)
  onTestFinished(() => {
    other.close()
    client.close()
  })
  const group = createGroupCommit(client)
  other.exec('BEGIN IMMEDIATE')
  let turn = 0
  const turning = setInterval(() => (turn += 1))
  onTestFinished(() => clearInterval(turning))
  const ends = new Set<number>()

  const results = await Promise.allSettled(
    Array.from({ length: 1_000 }, () => group(() => undefined).finally(() => ends.add(turn))),
  )
  other.exec('ROLLBACK')

  expect(results.filter(({ status }) => status === 'fulfilled')).toEqual([])
  expect(ends.size).toBe(1) // all of them in one turn of the event loop
  expect(await group(() => 'free')).toBe('free')
})

/** A group that lets ten wait, over a table of marks. */
function marking() {
  const client = openSqlite(':memory:')
  onTestFinished(() => void client.close())
  client.exec('CREATE TABLE marks (mark INTEGER)')
  const group = createGroupCommit(client, { waiting: 10 })
  const insert = client.prepare('INSERT INTO marks (mark) VALUES (?)')
  const marks = client.prepare<[], number>('SELECT mark FROM marks ORDER BY rowid').pluck()
  const mark = (value: number, refusable = false) =>
    group(() => void insert.run(value), { refusable })
  return { mark, marks: () => marks.all() }
}

test('between the batches of a long queue the loop turns', async () => {
  const { mark, marks } = marking()
  const seen = new Set<number>()
  let isOver = false
  const look = () => {
    if (isOver) return
    seen.add(marks().length)
    setImmediate(look)
  }
  setImmediate(look)

  await Promise.all(Array.from({ length: 600 }, (_, value) => mark(value)))
  isOver = true

  expect([...seen]).toEqual(expect.arrayContaining([256, 512]))
})

test('our own work is never refused, and keeps its place among what is', async () => {
  const { mark, marks } = marking()

  const results = await Promise.allSettled(
    Array.from({ length: 30 }, (_, value) => mark(value, value % 2 === 0)),
  )

  const taken = results.flatMap(({ status }, value) => (status === 'fulfilled' ? [value] : []))
  expect(taken).toHaveLength(25)
  expect(taken).toEqual(expect.arrayContaining([21, 23, 25, 27, 29]))
  expect(marks()).toEqual(taken)
})

test('what outruns the disk is refused at once, and what was taken is stored', async () => {
  const { mark, marks } = marking()

  const results = await Promise.allSettled(
    Array.from({ length: 15 }, (_, value) => mark(value, true)),
  )

  expect(results.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 10 }, () => 'fulfilled'),
    ...Array.from({ length: 5 }, () => 'rejected'),
  ])
  expect((results[14] as PromiseRejectedResult).reason).toBeInstanceOf(StoreBusyError)
  expect(marks()).toHaveLength(10)
  await mark(99, true)
})
