import { statSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { createGroupCommit } from '../../../src/db/sqlite/group-commit.ts'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import { patiently } from '../../../src/db/sqlite/tools.ts'
import { databaseFile } from '../../support/store.ts'

function aTable(columns: string) {
  const client = openSqlite(databaseFile())
  onTestFinished(() => void client.close())
  client.exec(`CREATE TABLE other (n PRIMARY KEY); CREATE TABLE kept (${columns})`)
  const insert = client.prepare('INSERT INTO kept VALUES (?)')
  const add = (value: unknown) => () => void insert.run(value)
  const rows = () => client.prepare('SELECT * FROM kept').pluck().all()
  return { client, group: createGroupCommit(client), add, rows }
}

const endsOf = async (jobs: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(jobs)).map(({ status }) => status)

test('of jobs of one moment only those fail that threw, each of the others is kept once', async () => {
  const { client, group, add, rows } = aTable('n UNIQUE')

  const ends = await endsOf([
    group(add(1)),
    group(add(1)),
    group(add(2)),
    group(() => {
      add(3)()
      throw new Error('after its row')
    }),
    group(add(4)),
  ])

  expect(ends).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
  expect(rows()).toEqual([1, 2, 4])
  expect(client.inTransaction).toBe(false)
})

test('when the disk is full all of a moment fail, and what comes later is kept', async () => {
  const { client, group, add, rows } = aTable('bytes')
  client.pragma('wal_checkpoint(TRUNCATE)')
  const pages = client.pragma('page_count', { simple: true }) as number
  client.pragma(`max_page_count = ${pages + 3}`)

  const ends = await endsOf([group(add('a')), group(add(Buffer.alloc(100_000))), group(add('b'))])

  expect(ends).toEqual(['rejected', 'rejected', 'rejected'])
  expect(rows()).toEqual([])
  await group(add('c'))
  expect(rows()).toEqual(['c'])
})

test('a rule that is looked at with the commit fails all of a moment, and leaves no transaction open', async () => {
  const { client, group, add, rows } = aTable(
    'n REFERENCES other (n) DEFERRABLE INITIALLY DEFERRED',
  )
  expect(await endsOf([group(add(null)), group(add(7))])).toEqual(['rejected', 'rejected'])

  expect(client.inTransaction).toBe(false)
  await group(add(null))
  expect(rows()).toEqual([null])
})

test('after a disk that failed nothing of the log is left, unless a reader needs it; then the log goes on', async () => {
  const { client, group, add, rows } = aTable('n')
  const logged = () => statSync(`${client.name}-wal`).size
  const fail = () =>
    patiently(client, () => {
      throw new Sqlite.SqliteError('disk I/O error', 'SQLITE_IOERR_FSYNC')
    })
  await group(add(1))
  expect(logged()).toBeGreaterThan(0)

  await expect(fail()).rejects.toThrow('disk I/O error')
  expect(logged()).toBe(0)

  await group(add(2))
  const reader = new Sqlite(client.name)
  onTestFinished(() => void reader.close())
  reader.exec('BEGIN; SELECT * FROM kept')
  await expect(fail()).rejects.toThrow('disk I/O error')
  await group(add(3))
  expect(logged()).toBeGreaterThan(0)
  expect(rows()).toEqual([1, 2, 3])
})
