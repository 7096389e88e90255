import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { moveInstallation, rehearseMove, type Moving } from '../../../src/backup/move.ts'
import { systemClock } from '../../../src/clock.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { openStore } from '../../../src/db/open.ts'
import { anInstallation } from '../../support/installation.ts'
import { emptyDatabase, withPostgres } from '../../support/postgres.ts'
import { runCli } from '../../support/run-cli.ts'
import { aUser, anAnnouncement, testBy } from '../../support/tenants.ts'

const identity = { host: 'here', pid: 1, isAlive: () => true }

const environment = {
  BRIDGE_CLIENT_ID: 'id',
  BRIDGE_CLIENT_SECRET: 'secret',
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
}

/** An installation in a file, one of whose deliveries a server had in hand when it died. */
async function aMove(url: string) {
  const made = await anInstallation()
  const { database, config, clock, site, open } = made
  await open(async (rooms) => {
    const { store, keyring, ids } = rooms
    await store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/hook' }, testBy)
    const event = anAnnouncement(rooms, await aUser(rooms, site))
    await store.acceptEvent({ ...event, body: keyring.seal('{}', `events/${event.id}`) })
    const at = clock.now()
    await store.claimDeliveries({ by: ids.next('srv'), at, leaseUntil: at + 60_000, limit: 1 })
  })
  const { ids } = await open(async (rooms) => rooms)
  const moving: Moving = {
    database,
    config,
    url,
    identity,
    clock,
    ids,
    onProgress() {},
  }
  return { ...made, moving }
}

async function storeAt(url: string) {
  const store = await openStore({ url, poolSize: 2 })
  onTestFinished(() => store.close())
  return store
}

async function isEmpty(url: string): Promise<boolean> {
  const client = new Client(url)
  await client.connect()
  const { rowCount } = await client.query(
    `SELECT 1 FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid
     WHERE n.nspname = 'bank_api_rehearsal' OR (n.nspname = 'public' AND c.relkind = 'r')`,
  )
  await client.end()
  return rowCount === 0
}

/** Makes a process a server of the file, seen just now. */
async function serve(database: string, pid: number) {
  const store = createSqliteStore(database)
  const at = systemClock.now()
  await store.joinMembers({ id: 'srv_other', host: hostname(), pid }, { at, silentSince: 0 })
  await store.close()
}

withPostgres((it, server) => {
  it('what a dead server had in hand is due again in the new place, and nobody has it', async () => {
    const url = await emptyDatabase(server)
    const { moving, clock } = await aMove(url)

    const { rows, opened } = await moveInstallation(moving)

    expect(rows).toMatchObject({ tenants: 1, sites: 1, events: 1, deliveries: 1 })
    expect(opened).toBe(2) // the site's secret, and the event's body
    const store = await storeAt(url)
    const at = clock.now()
    const claimed = await store.claimDeliveries({ by: 'srv_new', at, leaseUntil: at + 1, limit: 9 })
    expect(claimed).toHaveLength(1)
    const [noted] = await store.listAudit({ action: 'database.moved', limit: 9 })
    const sum = Object.values(rows).reduce((all, one) => all + one, 0)
    expect(noted).toMatchObject({ actor: 'cli', detail: { rows: sum, seconds: 0 } })
    expect(await store.listMembers()).toEqual([])
  })

  it('no server can take the file meanwhile, and any can afterwards', async () => {
    const { moving, database } = await aMove(await emptyDatabase(server))
    const other = createSqliteStore(database)
    onTestFinished(() => other.close())
    const join = () =>
      other.joinMembers(
        { id: 'srv_b', host: 'b', pid: 2 },
        { at: moving.clock.now(), silentSince: 0 },
      )
    const during: unknown[] = []

    await moveInstallation({
      ...moving,
      onProgress({ table, step }) {
        if (table === 'events' && step === 'copying') during.push(join())
      },
    })

    expect(await Promise.all(during)).toEqual([expect.objectContaining({ host: 'here', pid: 1 })])
    expect(await join()).toBeUndefined()
  })

  it('a sealed value that does not open where it stands stops the move', async () => {
    const url = await emptyDatabase(server)
    const { moving, database } = await aMove(url)
    const raw = new Sqlite(database)
    raw.exec('UPDATE events SET body = (SELECT webhook_secret FROM sites)')
    raw.close()

    await expect(moveInstallation(moving)).rejects.toThrow(
      /^A sealed value does not open: events\//,
    )

    expect(await isEmpty(url)).toBe(true)
  })

  it('a rehearsal leaves nothing, neither there nor here, and the server its place', async () => {
    const url = await emptyDatabase(server)
    const { moving, database, folder } = await aMove(url)
    await serve(database, process.pid)

    const { rows, opened } = await rehearseMove(moving)

    expect([rows['deliveries'], opened]).toEqual([1, 2])
    expect(await isEmpty(url)).toBe(true)
    expect(readdirSync(folder).filter((name) => !name.startsWith('bank-api.sqlite'))).toEqual([])
    const store = createSqliteStore(database)
    onTestFinished(() => store.close())
    expect(await store.listMembers()).toMatchObject([{ id: 'srv_other' }])
  })

  it('a rehearsal begins anew where one before it was stopped', async () => {
    const url = await emptyDatabase(server)
    const { moving, database, folder } = await aMove(url)
    const stopped = join(folder, 'rehearsal.sqlite')
    copyFileSync(database, stopped)
    const raw = new Sqlite(stopped)
    raw.pragma('journal_mode = WAL')
    raw.exec('CREATE TABLE left_over AS SELECT randomblob(90000)')
    const log = readFileSync(`${stopped}-wal`)
    raw.close()
    writeFileSync(`${stopped}-wal`, log)

    const { rows } = await rehearseMove(moving)

    expect(rows['deliveries']).toBe(1)
    expect(readdirSync(folder).filter((name) => name.startsWith('rehearsal'))).toEqual([])
  })

  it('the command tells what was moved, and what is to be done next', async () => {
    const url = await emptyDatabase(server)
    const { folder, database } = await anInstallation()

    const { code, out, err } = await runCli(folder, ['migrate-to-postgres', url], environment)

    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^moved +\S+bank-api.sqlite\nrows +\d+\nverified +true\n/)
    expect(out).toContain(`Keep ${database}, but let no server start on it again`)
    expect(await (await storeAt(url)).findTenant('acme')).toBeDefined()
  })

  it.each([
    ['DATABASE_URL', async (url: string) => ({ DATABASE_URL: url })],
    [
      'a file, which ps does not show',
      async (url: string, folder: string) => {
        const file = join(folder, 'url')
        writeFileSync(file, `${url}\n`)
        return { DATABASE_URL_FILE: file, BACKUP_DIR: folder }
      },
    ],
  ])('the target may come from %s', async (_name, envOf) => {
    const url = await emptyDatabase(server)
    const { folder } = await anInstallation()
    const env = { ...environment, ...(await envOf(url, folder)) }

    const rehearsed = await runCli(folder, ['migrate-to-postgres', '--rehearse', '--json'], env)
    const moved = await runCli(folder, ['migrate-to-postgres', '--json'], env)
    const again = await runCli(folder, ['migrate-to-postgres'], env)

    const facts = { verified: true, sealed_values_opened: 1 }
    expect([rehearsed.err, moved.err]).toEqual(['', ''])
    expect(JSON.parse(rehearsed.out)).toMatchObject({ rehearsed: expect.any(String), ...facts })
    expect(JSON.parse(moved.out)).toMatchObject({ moved: expect.any(String), ...facts })
    expect(again).toMatchObject({ code: 1, out: '' })
    expect(again.err).toMatch(/^The database that is to take this installation holds rows already/)
  })

  it('the command refuses, in a line or two, and moves nothing', async () => {
    const url = await emptyDatabase(server)
    const { folder, database } = await anInstallation()
    const run = (args: string[], env = {}) =>
      runCli(folder, ['migrate-to-postgres', ...args], { ...environment, ...env })

    const nowhere = await run([])
    const away = await run(['postgres://me:pa55word@127.0.0.1:1/none'])
    const wrong = await run(['mysql://me:pa55word@127.0.0.1/none'])
    const otherKey = await run([url], { MASTER_KEY: Buffer.alloc(32, 8).toString('base64') })
    await serve(database, process.pid)
    const served = await run([url])

    const refused = { nowhere, away, wrong, otherKey, served }
    for (const [name, { code, out, err }] of Object.entries(refused)) {
      expect([name, code, out]).toEqual([name, 1, ''])
      expect(err.split('\n').length, err).toBeLessThan(4)
      expect(err).not.toContain('pa55word')
    }
    expect(nowhere.err).toContain('Say which database takes the installation')
    expect(away.err).toContain('The database at 127.0.0.1, port 1, cannot be reached')
    expect(wrong.err).toContain('DATABASE_URL: must be postgres://')
    expect(otherKey.err).toContain('MASTER_KEY')
    expect(served.err).toContain(`A server has this database: process ${process.pid}`)
    expect(await isEmpty(url)).toBe(true)
  })

  it('a server that was killed on this host is no hindrance', async () => {
    const url = await emptyDatabase(server)
    const { folder, database } = await anInstallation()
    await serve(database, 2 ** 22 - 1) // no process has that number

    const { code } = await runCli(folder, ['migrate-to-postgres', url], environment)

    expect(code).toBe(0)
  })
})
