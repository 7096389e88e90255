import { readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import fastify from 'fastify'
import { expect, it, onTestFinished, vi } from 'vitest'
import db from '../../../src/db/plugin.ts'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import { StoreBusyError } from '../../../src/db/store-errors.ts'
import { testFolder, testStore } from '../../support/store.ts'
import { aTenant, testBy, testRooms } from '../../support/tenants.ts'

const databaseIn = (folder: string): string => join(folder, 'data', 'bank-api.sqlite')

/** A second handle, as another process would have; closed when the test ends. */
function otherProcess(path: string): Sqlite.Database {
  const client = new Sqlite(path)
  onTestFinished(() => void client.close())
  return client
}

it('a commit is made to survive a power cut', () => {
  const path = databaseIn(testFolder())
  const client = openSqlite(path)
  onTestFinished(() => void client.close())

  expect(client.pragma('journal_mode', { simple: true })).toBe('wal')
  expect(client.pragma('synchronous', { simple: true })).toBe(2) // FULL
  expect(client.pragma('foreign_keys', { simple: true })).toBe(1)
  expect(client.pragma('busy_timeout', { simple: true })).toBe(100)
  expect(client.pragma('temp_store', { simple: true })).toBe(2) // MEMORY
})

/** What a descriptor of this process is open on. */
function openFile(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return '' // that of the look itself
  }
}

it('what a commit keeps to undo a part of itself is in no file, for there may be no place for one', () => {
  const client = openSqlite(databaseIn(testFolder()))
  onTestFinished(() => void client.close())
  const insert = client.prepare(
    'INSERT INTO calls (id, at, method, status, duration_ms, bridge) VALUES (?, 0, ?, 0, 0, ?)',
  )
  for (let id = 0; id < 100; id += 1) insert.run(`call-${id}`, 'm', 'x'.repeat(2_000))

  const part = client.transaction((): string[] => {
    client.exec('UPDATE calls SET status = 1')
    return readdirSync('/proc/self/fd').map((fd) => openFile(fd))
  })
  const files = client.transaction(() => part())()

  expect(files.filter((file) => file.endsWith(' (deleted)'))).toEqual([]) // as temporary files are
  expect(files.filter((file) => file.includes('bank-api.sqlite'))).not.toEqual([])
})

it('folder and files are for their owner alone, the log beside the database too', async () => {
  const path = databaseIn(testFolder())
  const umask = process.umask(0)
  onTestFinished(() => void process.umask(umask))

  await aTenant(testRooms(testStore(path)))

  const folder = join(path, '..')
  const modes = readdirSync(folder).map((name) => [
    name,
    (statSync(join(folder, name)).mode & 0o777).toString(8),
  ])
  expect(Object.fromEntries(modes)).toEqual({
    'bank-api.sqlite': '600',
    'bank-api.sqlite-wal': '600',
    'bank-api.sqlite-shm': '600',
  })
  expect((statSync(folder).mode & 0o777).toString(8)).toBe('700')
})

it('what was stored is there after closing and opening again', async () => {
  const path = databaseIn(testFolder())
  const { siteKey } = await aTenant(testRooms(testStore(path)))

  const again = testStore(path)

  expect(await again.findKey(siteKey.apiKey)).toMatchObject({ tenant: { name: 'acme' } })
})

it('a file that is no database is refused', () => {
  const path = join(testFolder(), 'notes.sqlite')
  writeFileSync(path, 'not a database, but long enough to look like one '.repeat(100))

  expect(() => openSqlite(path)).toThrow('not a database')
})

it('a write waits for another process’s transaction while the event loop keeps turning', async () => {
  const path = databaseIn(testFolder())
  const store = testStore(path)
  const other = otherProcess(path)
  other.exec('BEGIN IMMEDIATE')
  let turns = 0
  let isFree = false
  const counting = setInterval(() => (turns += 1), 5)
  onTestFinished(() => clearInterval(counting))
  const free = async () => {
    await wait(300)
    isFree = true
    other.exec('COMMIT')
  }

  // Real time: the lock is SQLite's own, and its wait cannot be injected.
  const writing = store.createTenant({ id: 'ten_1', name: 'acme' }, testBy)
  const freeing = free()
  await writing

  expect(isFree).toBe(true)
  expect(turns).toBeGreaterThan(1) // a blocking wait would have let none through
  expect(await store.findTenant('acme')).toBeDefined()
  await freeing
})

it('a write that never gets its turn is refused, and nothing is stored', async () => {
  const path = databaseIn(testFolder())
  const store = testStore(path)
  const other = otherProcess(path)
  other.exec('BEGIN IMMEDIATE')

  await expect(store.createTenant({ id: 'ten_1', name: 'acme' }, testBy)).rejects.toThrow(
    StoreBusyError,
  )
  other.exec('ROLLBACK')

  expect(await store.listTenants()).toEqual([])
})

it('reads go on during another process’s transaction, and see what was committed', async () => {
  const path = databaseIn(testFolder())
  const rooms = testRooms(testStore(path))
  const { tenant } = await aTenant(rooms)
  const other = otherProcess(path)
  other.exec(`BEGIN IMMEDIATE; UPDATE tenants SET name = 'changed'`)

  expect(await rooms.store.listTenants()).toEqual([tenant])
  other.exec('COMMIT')

  expect(await rooms.store.listTenants()).toMatchObject([{ name: 'changed' }])
})

it('two stores on one file see each other’s writes at once', async () => {
  const path = databaseIn(testFolder())
  const [server, cli] = [testStore(path), testStore(path)]

  const outcomes = await Promise.allSettled([
    server.createTenant({ id: 'ten_1', name: 'acme' }, testBy),
    cli.createTenant({ id: 'ten_2', name: 'acme' }, testBy),
    cli.createTenant({ id: 'ten_3', name: 'zoe' }, testBy),
  ])

  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await server.listTenants()).toEqual(await cli.listTenants())
})

it('an operation that fails half-way leaves nothing behind', async () => {
  const store = testStore()
  const rooms = testRooms(store)
  await aTenant(rooms)
  const before = await store.listAudit({ limit: 99 })

  const orphan = { tenantId: 'ten_none', siteId: null, secretHash: Buffer.alloc(32) }
  const creating = store.createKey(
    { apiKey: 'key_1', label: null, expiresAt: null, ...orphan },
    testBy,
  )

  await expect(creating).rejects.toThrow()
  expect(await store.findKey('key_1')).toBeUndefined()
  expect(await store.listAudit({ limit: 99 })).toEqual(before)
})

it('a store that cannot open closes its handle', () => {
  const close = vi.spyOn(Sqlite.prototype, 'close')
  onTestFinished(() => close.mockRestore())
  const path = join(testFolder(), 'notes.sqlite')
  writeFileSync(path, 'x'.repeat(4_096))

  expect(() => openSqlite(path)).toThrow()

  expect(close).toHaveBeenCalledOnce()
})

it('a file that is no database is refused where the server can catch it', async () => {
  const path = join(testFolder(), 'bank-api.sqlite')
  writeFileSync(path, 'a letter to the bank, longer than a header of SQLite'.repeat(20))
  const app = fastify()
  onTestFinished(() => app.close().catch(() => {}))

  await expect(async () => await app.register(db, { location: path })).rejects.toThrow(
    'not a database',
  )
})

it('a database that is up to date is opened without a lock: commands come in beside a long write', () => {
  const path = databaseIn(testFolder())
  openSqlite(path).close()
  const writer = otherProcess(path)
  writer.exec('BEGIN IMMEDIATE')

  const client = openSqlite(path)
  onTestFinished(() => void client.close())

  expect(client.pragma('foreign_keys', { simple: true })).toBe(1)
  writer.exec('ROLLBACK')
})
