import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { systemClock, systemIds } from '../../../src/clock.ts'
import { openStore } from '../../../src/db/open.ts'
import { databasePath, loadConfig } from '../../../src/config.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { receiver } from '../../unit/webhooks/receiver.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'
import { dataDirectory, runCliProcess, startGateway, type Env } from '../../support/gateway.ts'
import { emptyDatabase, testDatabase, withPostgres } from '../../support/postgres.ts'
import { aTenant, aUser, testBy } from '../../support/tenants.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A folder with one site that listens at `webhookUrl`, and a user. */
async function installation(webhookUrl: string) {
  const env: Env = {
    ...dataDirectory(onTestFinished),
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    BRIDGE_BASE_URL: 'http://127.0.0.1:9', // discard: Bridge is not needed
    BRIDGE_WEBHOOK_SECRETS: 'webhook-secret',
    MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
    ALLOW_HTTP: 'true',
    ALLOWED_TARGETS: '127.0.0.0/8',
  }
  const config = loadConfig(env)
  const store = await openStore(databasePath(config))
  const keyring = await unlockInstance(store, { config, clock: systemClock })
  const rooms = { store, keyring, clock: systemClock, ids: systemIds }
  const { site } = await aTenant(rooms)
  const { userUuid } = await aUser(rooms, site)
  await store.updateSite(site.id, { webhookUrl }, testBy)
  await store.allowTargets(site.id, ['127.0.0.0/8'], testBy)
  await store.close()

  /** Posts an event about an item as Bridge does; gives the status. */
  async function post(url: string, type: string, itemId: number): Promise<number> {
    const content = { item_id: itemId, account_id: itemId, user_uuid: userUuid }
    const body = JSON.stringify({ type, content, timestamp: systemClock.now() })
    const headers = { 'bridgeapi-signature': signBridgeWebhook(body, 'webhook-secret') }
    return (await fetch(`${url}/webhooks/bridge`, { method: 'POST', body, headers })).status
  }
  return { env, post }
}

/** The environment after a move. */
const onServer = (env: Env, url: string): Env => {
  const { DATA_DIR: _file, ...rest } = env
  return { ...rest, DATABASE_URL: url }
}

const itemOf = ({ body }: { body: string }) =>
  (JSON.parse(body) as { content: { item_id: number } }).content.item_id
const typeOf = ({ body }: { body: string }) => (JSON.parse(body) as { type: string }).type

withPostgres((test, server) => {
  const connected = async (url: string): Promise<Client> => {
    const client = new Client(url)
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }

  test('what was pending when the old server was killed is delivered by the new one, and what was delivered is not', async () => {
    const [delivered, refused, hanging] = [101, 102, 103]
    const site = await receiver((got, response) => {
      if (itemOf(got) === delivered) response.writeHead(200).end()
      if (itemOf(got) === refused) response.writeHead(503, { 'retry-after': '15' }).end()
      // The third waits for its answer for ever.
    })
    const { env, post } = await installation(site.url)
    const url = await emptyDatabase(server)

    const old = await startGateway(env, onTestFinished)
    // One after the other: once one is refused, the endpoint has a rest.
    for (const item of [delivered, hanging, refused]) {
      expect(await post(old.url, 'item.created', item)).toBe(200)
      await expect.poll(() => site.posts.map(itemOf)).toContain(item)
    }
    expect(await post(old.url, 'item.account.created', hanging)).toBe(200) // waits for the one before
    const tries = async () => {
      const store = await openStore(join(env['DATA_DIR']!, 'bank-api.sqlite'))
      const rows = await store.listEvents({}, { first: 'oldest', limit: 9 })
      await store.close()
      return rows.map(({ delivery }) => `${delivery?.state} ${delivery?.tries.length}`).toSorted()
    }
    await expect.poll(tries).toEqual(['delivered 1', 'pending 0', 'pending 0', 'pending 1'])
    await old.end('SIGKILL')
    const before = site.posts.splice(0)

    site.answer(200)
    const moved = await runCliProcess({ ...env, DATABASE_URL: url }, 'migrate-to-postgres')
    expect(moved).toMatchObject({ code: 0, stderr: '' })
    const fresh = await startGateway(onServer(env, url), onTestFinished)

    const told = () => site.posts.map((got) => `${itemOf(got)} ${typeOf(got)}`)
    await expect.poll(() => told().length).toBe(3)
    expect(told().toSorted()).toEqual([
      '102 item.created',
      '103 item.account.created',
      '103 item.created',
    ])
    const of103 = told().filter((line) => line.startsWith('103'))
    expect(of103).toEqual(['103 item.created', '103 item.account.created'])
    const id = (item: number, posts: typeof before) =>
      posts.find((got) => itemOf(got) === item && typeOf(got) === 'item.created')?.headers[
        'webhook-id'
      ]
    for (const item of [refused, hanging]) expect(id(item, site.posts)).toBe(id(item, before))

    // And new ones, numbered behind those that came along.
    expect(await post(fresh.url, 'item.account.updated', delivered)).toBe(200)
    await expect.poll(() => told().at(-1)).toBe('101 item.account.updated')
    expect(await fresh.end('SIGTERM')).toMatchObject({ code: 0 })
    expect(told()).toHaveLength(4)
  })

  test('a move that is killed half-way leaves nothing, and is whole the next time', async () => {
    const { env } = await installation('http://127.0.0.1:9/hook')
    const url = await testDatabase(server)
    const client = await connected(url)
    await client.query(`
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
      CREATE TRIGGER hold AFTER INSERT ON bridge_users EXECUTE FUNCTION hold();
      SELECT pg_advisory_lock(42)`)
    const args = [join(root, 'src/cli/bank-api.js'), 'migrate-to-postgres', url]
    const mover = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => {
      mover.once('close', (_code, signal) => resolve(signal))
    })
    const waiting = async () =>
      (await client.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`))
        .rowCount
    await expect.poll(waiting, { interval: 20 }).toBe(1)
    mover.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    await client.query('SELECT pg_advisory_unlock(42); DROP FUNCTION hold CASCADE')

    const rows = async (table: string) => (await client.query(`SELECT 1 FROM ${table}`)).rowCount
    expect([await rows('instance'), await rows('tenants')]).toEqual([0, 0])
    const again = await runCliProcess(env, 'migrate-to-postgres', url, '--json')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(again.stdout)).toMatchObject({ verified: true })
    expect([await rows('instance'), await rows('tenants'), await rows('bridge_users')]).toEqual([
      1, 1, 1,
    ])
  })
})
