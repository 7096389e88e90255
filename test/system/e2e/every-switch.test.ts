import { expect, onTestFinished, test } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig, sandboxCredentials } from '../../../src/config.ts'
import { setSwitches, type SwitchChanges } from '../../../src/sandbox/switches.ts'
import { freePort } from '../../support/free-port.ts'
import { openSite } from '../../support/receiving-site.ts'
import { testFolder } from '../../support/store.ts'
import { changesOf, same, settings, type Setting } from '../../support/switch-settings.ts'
import { aTenant } from '../../support/tenants.ts'
import { comeBack, logIn, pull, siteClient, type Json } from './visit.ts'

/** A link may be asked for the first time, and for a second user. */
type Stage = 'first' | 'second user'

/** Where Bridge lets nobody connect, and a site is told so; at all other stages of all positions the whole flow works. */
const refusals: { setting: Setting; stage: Stage }[] = [
  { setting: { name: 'addressAllowed', value: false }, stage: 'first' },
  { setting: { name: 'callbackHosts', value: ['elsewhere.test'] }, stage: 'first' },
  { setting: { name: 'userCap', value: 1 }, stage: 'second user' },
]

const isRefused = (setting: Setting | undefined, stage: Stage): boolean =>
  refusals.some((one) => same(one, { setting, stage }))

const user = 'ada@acme.test'

/** A gateway and the Bridge in the box on real sockets in this process, with background work, and a site that listens. */
async function walkers(changes: SwitchChanges) {
  const site = await openSite(onTestFinished)
  const config = loadConfig({
    DATA_DIR: testFolder(),
    PORT: String(await freePort()),
    SANDBOX_PORT: '0',
    LOG_LEVEL: 'silent',
  })
  const clock = createMovableClock()
  const sandbox = await startSandbox(config, clock)
  const app = await buildApp({ config, database: ':memory:', clock, sandbox, workers: true })
  onTestFinished(async () => {
    await app.close()
    await sandbox.close()
  })
  await app.listen({ host: '127.0.0.1', port: config.port })
  const { siteKey } = await aTenant(app)
  const key = { api_key: siteKey.apiKey, api_secret: siteKey.apiSecret }
  const set = async () => {
    await pull(sandbox.origin, 'switches', changes)
    await pull(sandbox.origin, 'quotas', { on: true })
  }
  await set()
  return {
    site,
    clock,
    set,
    changes,
    bridge: sandbox.origin,
    ask: siteClient(config.publicUrl, key),
  }
}
type Walkers = Awaited<ReturnType<typeof walkers>>

const orderOf = ({ site }: Walkers) => ({
  base_url: site.origin,
  redirect_url: '/app/bank',
  webhook_url: site.webhookUrl,
  bank: 'Demo Bank',
  user,
})

/** From a link to the item, by the browser's way back or, without one, by Bridge's events. */
async function connect(walk: Walkers, { returns }: { returns: boolean }): Promise<number> {
  const { ask, site } = walk
  const seen = site.of('connect.completed').length
  const { url, request } = await ask('get_bridge_connect_link', orderOf(walk))

  const callback = await logIn(url)
  if (returns) {
    const home = await comeBack(callback)
    expect(Object.fromEntries(home.searchParams)).toMatchObject({ request, success: 'true' })
  }
  const { event } = await site.hears('connect.completed', seen + 1)

  const item = await ask('get_bridge_item_id', { request })
  expect(item).toMatchObject({ status: 'completed', success: true, bank: 'Demo Bank' })
  expect(event.content).toMatchObject({ request, item_id: item.item_id, user, success: true })
  return item.item_id as number
}

async function read({ ask }: Walkers, item_id: number): Promise<void> {
  const accounts: Json[] = await ask('get_bank_accounts', { item_id, user })
  expect(accounts).toHaveLength(12)
  expect(new Set(accounts.map(({ item_id }) => item_id))).toEqual(new Set([item_id]))
  const account_id = accounts[0].id
  const order = { account_id, user, lang: 'fr' }
  const rows: Json[] = await ask('get_bank_transactions_by_account', order)
  expect(rows.length).toBeGreaterThan(20)
  expect(new Set(rows.map((row) => row.account_id))).toEqual(new Set([account_id]))
  const { category_id, category: name } = rows.find(({ category }) => category !== null)
  expect(await ask('get_category', { category_id, lang: 'fr' })).toMatchObject({
    id: category_id,
    name,
  })
  expect(await ask('get_single_bank', { bank_id: accounts[0].provider_id })).toMatchObject({
    id: 574,
  })
  expect(await ask('get_bridge_item_details', { item_id })).toMatchObject({ item_id, status: 0 })
}

/** What has changed since the last look, once a refresh changed it. */
async function refreshAndRead(walk: Walkers, item_id: number): Promise<void> {
  const { ask, bridge, clock, site } = walk
  // Bridge's bound is strict, so a second more is asked for: the rows of the connection must be older.
  clock.advance(5_000)
  const since = new Date(clock.now()).toISOString()
  const seen = site.of('item.refreshed').length
  expect(await ask('post_item_refresh', { item_id, user })).toHaveProperty('refreshed')
  await pull(bridge, `items/${item_id}/refresh`)
  await site.hears('item.refreshed', seen + 1)

  const rows: Json[] = await ask('get_bank_transactions', { user, item_id, since, lang: 'fr' })
  expect(rows.length).toBeGreaterThan(1)
  expect(rows.some(({ deleted }) => deleted)).toBe(true)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
}

/** The item shares fewer accounts from now on; Bridge tells of those that go. */
async function manage(walk: Walkers, item_id: number): Promise<void> {
  const { ask, site, bridge } = walk
  // A visit takes its time: one that ends in the second of the try before it could not be told from that.
  await pull(bridge, 'clock', { advance: 3_000 })
  const order = { ...orderOf(walk), item_id, account_types: 'payment' }
  const { url, request } = await ask('get_bridge_edit_link', order)
  await comeBack(await logIn(url))
  await site.hears('item.account.deleted', 6)
  expect(await ask('get_bridge_item_id', { request })).toMatchObject({ success: true, item_id })
  expect(await ask('get_bank_accounts', { item_id, user })).toHaveLength(6)
}

async function end({ ask, bridge, site }: Walkers, items: readonly number[]): Promise<void> {
  for (const item_id of items) {
    expect(await ask('delete_bridge_item_id', { item_id, user })).toMatchObject({ deleted: true })
    await expect(ask('get_bank_accounts', { item_id, user })).rejects.toMatchObject({
      httpStatus: 404,
    })
  }
  await site.hears('item.deleted', items.length)
  await pull(bridge, 'webhooks/test')
  // Whatever Bridge posted was taken.
  expect(await pull(bridge, 'webhooks/flush')).toEqual({ pending: [] })
}

/** Somebody else with the same credentials took a token for the user, and ours is good no more. */
async function loseToken({ bridge, set }: Walkers): Promise<void> {
  const headers = {
    'bridge-version': '2025-01-15',
    'client-id': sandboxCredentials.clientId,
    'client-secret': sandboxCredentials.clientSecret,
    'content-type': 'application/json',
  }
  const users = await fetch(`${bridge}/v3/aggregation/users`, { headers })
  const { resources } = (await users.json()) as { resources: { uuid: string }[] }
  await pull(bridge, 'switches', { tokenReissue: 'revoke' })
  const body = JSON.stringify({ user_uuid: resources[0]!.uuid })
  const path = '/v3/aggregation/authorization/token'
  const taken = await fetch(`${bridge}${path}`, { method: 'POST', headers, body })
  expect(taken.status).toBe(201)
  await pull(bridge, 'switches', { tokenReissue: 'new' })
  await set()
}

/** What a site is told that cannot have a link. */
async function expectRefusal(walk: Walkers, more: object = {}): Promise<void> {
  const link = walk.ask('get_bridge_connect_link', { ...orderOf(walk), ...more })
  await expect(link).rejects.toMatchObject({
    httpStatus: 502,
    exc_type: 'BridgeError',
    exception: expect.stringMatching(/BridgeError: .*Bridge/),
  })
}

async function walkAll(setting?: Setting): Promise<void> {
  const walk = await walkers(setting ? changesOf(setting) : {})
  if (isRefused(setting, 'first')) return expectRefusal(walk)

  const items = [await connect(walk, { returns: true }), await connect(walk, { returns: false })]
  await loseToken(walk)
  await read(walk, items[0]!)
  await refreshAndRead(walk, items[0]!)
  await manage(walk, items[0]!)
  await end(walk, items)

  const other = { user: 'bob@acme.test' }
  if (isRefused(setting, 'second user')) await expectRefusal(walk, other)
  else await walk.ask('get_bridge_connect_link', { ...orderOf(walk), ...other })
  await pull(walk.bridge, 'reset')
  await walk.set()
  await walk.ask('get_bridge_connect_link', orderOf(walk))
}

test('the whole flow is walked with every switch as it is by default', () => walkAll())

test.for(settings)('the whole flow is walked with $name: $value', (setting) => walkAll(setting))

test('each switch has another position than its default, and each refusal is one of those', () => {
  expect([...new Set(settings.map(({ name }) => name))]).toEqual(Object.keys(setSwitches({})))
  expect(refusals.every(({ setting }) => settings.some((one) => same(one, setting)))).toBe(true)
})
