import Sqlite from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { masterKeysOf } from '../../../src/vault/master-keys.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { keyIdOf, type Keyring } from '../../../src/vault/keyring.ts'
import { learnDataKeys, rekey, ServerUnawareError } from '../../../src/vault/rekey.ts'
import { sealedRow } from '../../../src/vault/sealed-rows.ts'
import { livingServers } from '../../../src/cluster/liveness.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { ConfigError, loadConfig } from '../../../src/config.ts'
import { dayMs } from '../../../src/durations.ts'
import { sealedColumns, type SealedColumn } from '../../../src/db/ports/sealed.ts'
import type { Store } from '../../../src/db/store.ts'
import { tickHandler } from '../../../src/webhooks/inbox/handler.ts'
import { startGateway, dataDirectory, runCli, runServer } from '../../support/gateway.ts'
import { testNow } from '../../support/clock.ts'
import { testIds } from '../../support/ids.ts'
import { databaseFile, testStore } from '../../support/store.ts'
import {
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  addItems,
  testBy,
} from '../../support/tenants.ts'

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const [oldKey, newKey] = [`old:${keyOf(1)}`, `new:${keyOf(2)}`]

const configWith = (masterKey: string) =>
  loadConfig({ BRIDGE_CLIENT_ID: 'c', BRIDGE_CLIENT_SECRET: 's', MASTER_KEY: masterKey })

interface Process {
  store: Store
  keyring: Keyring
}

/** A database file and a process that has it open, as a server or a command does. */
async function anInstallation() {
  const path = databaseFile()
  const clock = createMovableClock({ now: () => testNow })
  const ids = testIds()
  const open = async (masterKey: string): Promise<Process> => {
    const store = testStore(path)
    return { store, keyring: await unlockInstance(store, { config: configWith(masterKey), clock }) }
  }
  const server = await open(oldKey)
  const rooms = { ...server, clock, ids }
  const { site, sites } = await aTenant(rooms, { sites: ['one.test', 'two.test'] })
  const raw = new Sqlite(path)
  onTestFinished(() => void raw.close())
  return { clock, ids, open, server, rooms, site, sites, raw }
}

type Installation = Awaited<ReturnType<typeof anInstallation>>

/** Two sealed values of every column, with what they hold. */
async function fillAll({ rooms, sites, server }: Installation): Promise<void> {
  const { store, keyring, ids } = rooms
  for (const [index, site] of sites.entries()) {
    await store.updateSite(site.id, { webhookUrl: 'https://one.test/hook' }, testBy)
    const next = keyring.seal(`whsec_next${index}`, sealedRow['webhook-secret'](site.id))
    await store.rotateWebhookSecret(site.id, { secret: next, previousUntil: testNow }, testBy)
    const user = await aUser(rooms, site, { name: 'ann' })
    const email = keyring.seal(`ann${index}@one.test`, sealedRow['user-email'](user.id))
    await aRequest(rooms, user, { email })
    await announce(rooms, server, site, `body ${index}`)
    const [claim] = await store.claimDeliveries({
      at: testNow,
      by: 'srv_test',
      leaseUntil: testNow + 1_000,
      limit: 1,
    })
    const response = keyring.seal(`answer ${index}`, sealedRow.response(claim!.id))
    await store.settleDelivery({
      id: claim!.id,
      attempt: claim!.attempt,
      at: testNow,
      outcome: { kind: 'dead' },
      try: { startedAt: testNow, durationMs: 1, status: 500, error: null, response },
      endpoint: null,
    })
  }
  expect(ids.next('x')).toMatch(/^x_/)
}

async function announce(
  rooms: Installation['rooms'],
  { store, keyring }: Process,
  site: { id: string },
  text: string,
): Promise<void> {
  const id = rooms.ids.next('evt')
  const user = { id: 'usr_1', siteId: site.id, name: '', userUuid: null }
  const body = keyring.seal(text, sealedRow['event-body'](id))
  await store.acceptEvent(anAnnouncement(rooms, user, { id, dedupeKey: id, body }))
}

/** Everything sealed, by column: what it holds when this keyring opens it. */
async function openAll({ store, keyring }: Process): Promise<Record<SealedColumn, string[]>> {
  const opened = await Promise.all(
    sealedColumns.map(async (column) => {
      const values = await store.listSealed(column, null, 10_000)
      const texts = values.map(({ rowId, sealed }) =>
        keyring.open(sealed, sealedRow[column](rowId)).toString('utf8'),
      )
      return [column, texts] as const
    }),
  )
  return Object.fromEntries(opened) as Record<SealedColumn, string[]>
}

describe('a sealed value moved to another row does not open there:', () => {
  const columns: Record<SealedColumn, [table: string, column: string]> = {
    'webhook-secret': ['sites', 'webhook_secret'],
    'previous-webhook-secret': ['endpoints', 'previous_secret'],
    'user-email': ['bridge_users', 'email'],
    'event-body': ['events', 'body'],
    response: ['attempts', 'response'],
  }

  it.each(sealedColumns)('%s', async (sealed) => {
    const made = await anInstallation()
    await fillAll(made)
    const [table, column] = columns[sealed]

    // One row's value in both: the first still opens, the second is not its own.
    made.raw.exec(
      `UPDATE ${table} SET ${column} = (SELECT ${column} FROM ${table} ORDER BY rowid LIMIT 1)`,
    )

    const [first, second] = await made.server.store.listSealed(sealed, null, 2)
    const open = (value: typeof first & object) =>
      made.server.keyring.open(value.sealed, sealedRow[sealed](value.rowId))
    const results = [first!, second!].map((value) => {
      try {
        open(value)
        return 'opens'
      } catch {
        return 'refused'
      }
    })
    expect(results.toSorted()).toEqual(['opens', 'refused'])
  })

  it('and an event with another’s body is applied to nobody', async () => {
    const { rooms, site, sites, raw, clock, server } = await anInstallation()
    const [mine, theirs] = [
      await aUser(rooms, site, { name: 'ann' }),
      await aUser(rooms, sites[1]!, { name: 'bob' }),
    ]
    await addItems(rooms, mine, 1)
    await addItems(rooms, theirs, 2)
    for (const [index, user] of [mine, theirs].entries()) {
      const id = rooms.ids.next('evt')
      const content = { item_id: index + 1, user_uuid: user.userUuid }
      const text = JSON.stringify({ type: 'item.deleted', content, timestamp: testNow })
      const body = rooms.keyring.seal(text, sealedRow['event-body'](id))
      const event = { id, dedupeKey: id, type: 'item.deleted', handledAt: null, body }
      await rooms.store.acceptEvent(anAnnouncement(rooms, user, event))
    }
    const bodies = raw.prepare('SELECT seq, body FROM events ORDER BY seq').all() as {
      seq: number
      body: Buffer
    }[]
    const put = raw.prepare('UPDATE events SET body = ? WHERE seq = ?')
    put.run(bodies[1]!.body, bodies[0]!.seq)
    put.run(bodies[0]!.body, bodies[1]!.seq)

    const errors: object[] = []
    const log = { info() {}, warn() {}, error: (event: object) => void errors.push(event) }
    const handling = {
      ...server,
      memberId: 'srv_test',
      clock,
      log,
      onRefreshed: () => Promise.resolve(undefined),
    }
    await tickHandler({ ...rooms, ...handling })

    expect(errors).toHaveLength(2)
    expect(await rooms.store.listItems(mine.id)).toHaveLength(1)
    expect(await rooms.store.listItems(theirs.id)).toHaveLength(1)
  })
})

describe('rekey', () => {
  const both = `${newKey},${oldKey}`

  it('seals everything anew beside a server under load, and the old keys open nothing', async () => {
    const made = await anInstallation()
    await fillAll(made)
    const { clock, ids, open, rooms, site, server } = made
    for (let each = 0; each < 250; each += 1) await announce(rooms, server, site, `old ${each}`)
    await server.store.joinMembers(
      { id: 'srv_1', host: 'here', pid: 1 },
      { at: testNow, silentSince: 0 },
    )
    const command = await open(both)
    const servers = () => livingServers({ ...command, clock })
    const masterKeys = masterKeysOf(configWith(both))
    const before = await openAll(server)

    // The server goes on sealing with whatever key it has, and learns of the new one in its own time.
    let written = 0
    const over = new AbortController()
    const load = (async () => {
      while (!over.signal.aborted) {
        await announce(rooms, server, site, `new ${written}`)
        if (written === 20) await learnDataKeys({ ...server, clock, masterKeys, memberId: 'srv_1' })
        written += 1
      }
    })()
    const wait = () => new Promise((resolve) => setImmediate(resolve))
    const done = await rekey(
      { ...command, clock, ids, masterKeys, livingServers: servers, wait },
      testBy,
    )
    over.abort()
    await load

    expect(done).toMatchObject({ master_key: 'new', dropped: [] })
    expect(done.resealed).toBeGreaterThanOrEqual(250 + 8)
    expect(written).toBeGreaterThan(20)
    for (const column of sealedColumns) {
      const values = await server.store.listSealed(column, null, 10_000)
      expect(
        values.map(({ sealed }) => keyIdOf(sealed)).filter((id) => id !== done.data_key),
      ).toEqual([])
    }
    const fresh = await open(newKey)
    const after = await openAll(fresh)
    expect(await openAll(server)).toEqual(after)
    for (const column of sealedColumns) {
      expect(after[column]).toEqual(expect.arrayContaining(before[column]))
    }
    expect(after['event-body']).toHaveLength(before['event-body'].length + written)
    await expect(open(oldKey)).rejects.toThrow(ConfigError)
    await expect(open(oldKey)).rejects.toThrow('MASTER_KEY')
  })

  it('is refused when the running server does not have the new master key, and leaves it all it can open', async () => {
    const made = await anInstallation()
    await fillAll(made)
    const { clock, ids, open, server } = made
    const beat = () =>
      server.store.joinMembers(
        { id: 'srv_1', host: 'here', pid: 1 },
        { at: clock.now(), silentSince: 0 },
      )
    await beat()
    const command = await open(both)
    const servers = () => livingServers({ ...command, clock })
    const instance = await server.store.readInstance()

    const masterKeys = masterKeysOf(configWith(both))
    const wait = async (ms: number) => {
      clock.advance(ms)
      await beat()
      const learning = learnDataKeys({
        ...server,
        clock,
        memberId: 'srv_1',
        masterKeys: masterKeysOf(configWith(oldKey)),
      })
      await expect(learning).rejects.toThrow('MASTER_KEY')
    }
    const refused = rekey(
      { ...command, clock, ids, masterKeys, livingServers: servers, wait },
      testBy,
    )

    await expect(refused).rejects.toThrow(ServerUnawareError)
    const left = await server.store.readInstance()
    expect({ ...left, dataKeys: left?.dataKeys.slice(0, 1) }).toEqual(instance)
    await open(oldKey)
  })

  it('cut off half-way, is finished by the next one', async () => {
    const made = await anInstallation()
    await fillAll(made)
    const { clock, ids, open, server } = made
    const command = await open(both)
    const servers = () => livingServers({ ...command, clock })
    const masterKeys = masterKeysOf(configWith(both))
    const wait = () => Promise.resolve()
    const before = await openAll(server)
    let left = 2
    const dying = {
      ...command.store,
      replaceSealed: (...args: Parameters<Store['replaceSealed']>) => {
        left -= 1
        if (left < 0) return Promise.reject(new Error('killed'))
        return command.store.replaceSealed(...args)
      },
    }

    const cut = rekey(
      { ...command, store: dying, clock, ids, masterKeys, livingServers: servers, wait },
      testBy,
    )
    await expect(cut).rejects.toThrow('killed')
    const halfway = await open(both)
    expect(await openAll(halfway)).toEqual(before)
    const done = await rekey(
      { ...halfway, clock, ids, masterKeys, livingServers: servers, wait },
      testBy,
    )

    expect(done.dropped).toEqual([])
    expect(await openAll(await open(newKey))).toEqual(before)
    clock.advance(2 * dayMs)
    const next = await open(newKey)
    const later = await rekey(
      { ...next, clock, ids, masterKeys, livingServers: servers, wait },
      testBy,
    )
    expect(later.dropped).toHaveLength(2)
    expect(await openAll(await open(newKey))).toEqual(before)
  })

  it('leaves keys working: their hashes stay', async () => {
    const made = await anInstallation()
    const { clock, ids, open, server } = made
    const command = await open(both)
    const servers = () => livingServers({ ...command, clock })
    const hash = server.keyring.hash('api-secret', 'x')
    const masterKeys = masterKeysOf(configWith(both))

    const wait = () => Promise.resolve()
    await rekey({ ...command, clock, ids, masterKeys, livingServers: servers, wait }, testBy)

    const fresh = await open(newKey)
    expect(fresh.keyring.hash('api-secret', 'x')).toEqual(hash)
  })
})

it('an operator changes the master key beside a running server, in two restarts', async () => {
  const home = { ...dataDirectory(onTestFinished), LOG_LEVEL: 'warn' }
  const first = await startGateway({ ...home, MASTER_KEY: oldKey }, onTestFinished)
  await first.end('SIGTERM')

  const second = await startGateway({ ...home, MASTER_KEY: `${newKey},${oldKey}` }, onTestFinished)
  const done = await runCli(second.env, 'rekey', '--json')
  await second.end('SIGTERM')

  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(done.stdout)).toMatchObject({ master_key: 'new' })
  const third = await startGateway({ ...home, MASTER_KEY: newKey }, onTestFinished)
  await third.end('SIGTERM')
  for (const masterKey of [oldKey, `old:${keyOf(9)}`]) {
    const refused = await runServer({ ...home, PORT: '0', MASTER_KEY: masterKey }, onTestFinished)
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('MASTER_KEY') as string,
    })
  }
})
