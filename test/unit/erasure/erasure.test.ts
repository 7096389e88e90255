import Sqlite from 'better-sqlite3'
import { http, HttpResponse } from 'msw'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BridgeError } from '../../../src/bridge/bridge-errors.ts'
import type { ExportKind } from '../../../src/db/ports/exports.ts'
import type { Receipt } from '../../../src/db/ports/removals.ts'
import type { Site } from '../../../src/db/ports/sites.ts'
import { text } from '../../../src/texts/say.ts'
import { exportTenant } from '../../../src/export/tenant-export.ts'
import { ensureBridgeUser } from '../../../src/connect/bridge-user.ts'
import { SiteConflictError } from '../../../src/db/store-errors.ts'
import { removeItem } from '../../../src/erasure/erase-item.ts'
import { remove, type RemovalDeps } from '../../../src/erasure/erase.ts'
import {
  aConnectedBank,
  callBack,
  callMethod,
  testApp,
  type ConnectedBank,
  type TestApp,
} from '../../support/app.ts'
import { bridgeUrl } from '../../support/bridge.ts'
import { testNow } from '../../support/clock.ts'
import { databaseFile } from '../../support/store.ts'
import {
  addItems,
  anAnnouncement,
  aRequest,
  aTenant,
  aUser,
  testBy,
  type TestTenant,
} from '../../support/tenants.ts'

interface Town extends TestApp {
  acme: TestTenant
  other: TestTenant
  /** Of acme's first site; another of acme's sites; of the other tenant. */
  alice: ConnectedBank & { request: string }
  bob: ConnectedBank
  carol: ConnectedBank
  /** How many rows of each table there are. */
  counts(): Record<string, number>
}

/** Two tenants with three sites: each has a user with a bank, a request, an event and a delivery under way. */
async function aTown(env: Record<string, string> = {}): Promise<Town> {
  const path = databaseFile()
  const made = await testApp({ database: path, env })
  const { app } = made
  const acme = await aTenant(app, { sites: ['one.acme.test', 'two.acme.test'] })
  const other = await aTenant(app, { name: 'other', sites: ['one.other.test'] })
  const settle = async (site: Site, user: string, id: number) => {
    const bank = await aConnectedBank(made, site, { user, item: { id } })
    const request = await aRequest(app, bank.user, { webhookUrl: `https://${site.name}/hook` })
    await announce(made, bank, `about item ${id}`)
    return { ...bank, request }
  }
  const alice = await settle(acme.site, 'alice', 11)
  const bob = await settle(acme.sites[1]!, 'bob', 22)
  const carol = await settle(other.site, 'carol', 33)
  const raw = new Sqlite(path, { readonly: true })
  onTestFinished(() => void raw.close())
  return { ...made, acme, other, alice, bob, carol, counts: () => countRows(raw) }
}

function countRows(raw: Sqlite.Database): Record<string, number> {
  const tables = [
    'tenants', 'sites', 'api_keys', 'bridge_users', 'connect_requests', 'items', 'accounts',
    'events', 'deliveries', 'endpoints',
  ] // prettier-ignore
  const count = (table: string) => raw.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
  return Object.fromEntries(tables.map((table) => [table, count(table) as number]))
}

async function announce(
  { app }: TestApp,
  { user, itemId }: ConnectedBank,
  text: string,
): Promise<void> {
  const id = app.ids.next('evt')
  const body = app.keyring.seal(JSON.stringify({ text }), `events/${id}`)
  const event = { id, dedupeKey: id, itemId, body }
  await app.store.acceptEvent(anAnnouncement(app, user, event))
}

/** Bridge answers so for a token of that user alone. */
const refuseTokens = ({ bridge }: TestApp, userUuid: string, status: number): void =>
  bridge.use(
    http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, async ({ request }) =>
      JSON.stringify(await request.clone().json()).includes(userUuid)
        ? HttpResponse.json({ errors: [{ code: 'bad_request' }] }, { status })
        : undefined,
    ),
  )

const removingIn = ({ app }: TestApp): RemovalDeps => ({
  store: app.store,
  bridge: app.bridge,
  clock: app.clock,
  ids: app.ids,
})

const siteOrder = ({ acme }: Town, withBridgeUsers = true) =>
  ({
    kind: 'site',
    tenantId: acme.tenant.id,
    subjectId: acme.site.id,
    name: acme.site.name,
    withBridgeUsers,
  }) as const

const tenantOrder = ({ acme }: Town, withBridgeUsers = true) =>
  ({
    kind: 'tenant',
    tenantId: acme.tenant.id,
    subjectId: acme.tenant.id,
    name: acme.tenant.name,
    withBridgeUsers,
  }) as const

const oneSite: Receipt = {
  bridge_items: 1,
  bridge_users: 1,
  items: 1,
  accounts: 1,
  users: 1,
  requests: 1,
  events: 1,
  deliveries: 1,
  keys: 1,
  sites: 1,
}

describe('a deleted site', () => {
  it('is gone at Bridge and here, and its receipt says what went', async () => {
    const town = await aTown()
    const { world, alice, bob, carol } = town

    const { receipt, finishedAt } = await remove(removingIn(town), siteOrder(town), testBy)

    expect(receipt).toEqual(oneSite)
    expect(finishedAt).toBe(testNow)
    expect([...world.items.keys()]).toEqual([bob.itemId, carol.itemId])
    expect([...world.users.keys()]).toEqual([bob.user.userUuid, carol.user.userUuid])
    expect(world.users.has(alice.user.userUuid)).toBe(false)
    expect(town.counts()).toMatchObject({
      tenants: 2, sites: 2, bridge_users: 2, connect_requests: 2, items: 2, accounts: 2,
      events: 2, deliveries: 2,
    }) // prettier-ignore
    const [last] = await town.app.store.listAudit({ action: 'site', limit: 1 })
    expect(last).toMatchObject({
      action: 'site.deleted',
      subject: 'one.acme.test',
      detail: oneSite,
    })
  })

  it('leaves its users at Bridge unless the operator says otherwise', async () => {
    const town = await aTown()

    const { receipt } = await remove(removingIn(town), siteOrder(town, false), testBy)

    expect(receipt).toEqual({ ...oneSite, bridge_users: 0 })
    expect(town.world.users.has(town.alice.user.userUuid)).toBe(true)
    expect(town.world.items.has(town.alice.itemId)).toBe(false)
  })

  it('takes along what Bridge holds for it and we do not know', async () => {
    const town = await aTown()
    town.world.addItem(town.alice.user.userUuid, { id: 12 })

    const { receipt } = await remove(removingIn(town), siteOrder(town), testBy)

    expect(receipt).toMatchObject({ bridge_items: 2, items: 1 })
    expect(town.world.items.has(12)).toBe(false)
  })

  it('is deleted here too when Bridge no longer knows it', async () => {
    const town = await aTown()
    town.world.users.delete(town.alice.user.userUuid)
    town.world.items.delete(town.alice.itemId)
    town.world.expireTokens()

    const { receipt } = await remove(removingIn(town), siteOrder(town), testBy)

    expect(receipt).toEqual(oneSite)
  })

  it('has what was left of a user whom Bridge deleted in its receipt, as in what is told before', async () => {
    const town = await aTown()
    const { app, alice } = town
    const { id: userId, userUuid } = alice.user
    await app.store.applyEvent({ kind: 'user-gone', userId, userUuid, at: testNow })
    const order = siteOrder(town)
    const planned = await app.store.countToRemove(order)

    const { receipt } = await remove(removingIn(town), order, testBy)

    expect(receipt).toEqual({ ...oneSite, bridge_items: 0, bridge_users: 0 })
    expect(receipt).toEqual(planned)
  })

  it.each([400, 401, 422])('also when Bridge answers %i for its token', async (status) => {
    const town = await aTown()
    const { userUuid } = town.alice.user
    town.world.users.delete(userUuid)
    town.world.items.delete(town.alice.itemId)
    town.world.expireTokens()
    refuseTokens(town, userUuid, status)

    const { receipt } = await remove(removingIn(town), siteOrder(town), testBy)

    expect(receipt).toEqual(oneSite)
  })

  it.each([400, 401])('stays while Bridge answers %i for a user it knows', async (status) => {
    const town = await aTown()
    town.world.expireTokens()
    refuseTokens(town, town.alice.user.userUuid, status)

    const removed = remove(removingIn(town), siteOrder(town), testBy)

    await expect(removed).rejects.toThrow(BridgeError)
    expect(town.world.items.has(town.alice.itemId)).toBe(true)
  })

  it('is seen by nobody from the first step on, though Bridge cannot be asked', async () => {
    const town = await aTown()
    const { app, acme, alice, bridge } = town
    bridge.use() // nothing more to serve
    const unreachable = { ...removingIn(town), bridge: { ...app.bridge, items: fails } }

    await expect(remove(unreachable, siteOrder(town), testBy)).rejects.toThrow(BridgeError)

    const ask = (as: { authorization: string }, args: object) =>
      callMethod(app, 'get_bank_accounts', args, { as })
    expect((await ask(acme.siteKey, { item_id: alice.itemId })).status).toBe(401)
    expect((await ask(acme.tenantKey, { item_id: alice.itemId })).status).toBe(404)
    expect((await callBack(town, { context: alice.request, item_id: 11 })).statusCode).toBe(404)
    expect(await app.store.findUserByUuid(alice.user.userUuid)).toBeUndefined()
    const lease = { at: testNow, by: 'srv_test', leaseUntil: testNow + 1, limit: 9 }
    const claimed = await app.store.claimDeliveries(lease)
    expect(claimed.map(({ site }) => site.name).toSorted()).toEqual([
      'one.other.test',
      'two.acme.test',
    ])
    const link = {
      site: acme.site.name,
      redirect_url: 'https://one.acme.test/x',
      email: 'a@b.test',
    }
    const again = await callMethod(app, 'get_bridge_connect_link', link, { as: acme.tenantKey })
    expect(again).toMatchObject({ status: 417 })
  })
})

const fails = new Proxy({} as TestApp['app']['bridge']['items'], {
  get: () => () =>
    Promise.reject(
      new BridgeError(text('bridge_unavailable'), { kind: 'network', detail: 'test' }),
    ),
})

it('a deleted tenant goes with all its sites, and nobody else’s', async () => {
  const town = await aTown()

  const { receipt } = await remove(removingIn(town), tenantOrder(town), testBy)

  const twice = Object.fromEntries(
    Object.entries(oneSite).map(([name, count]) => [name, 2 * count]),
  )
  expect(receipt).toEqual(twice)
  expect([...town.world.items.keys()]).toEqual([town.carol.itemId])
  expect(town.counts()).toMatchObject({ tenants: 1, sites: 1, api_keys: 2, items: 1, events: 1 })
  expect(await town.app.store.findTenant('acme')).toBeUndefined()
  expect((await callMethod(town.app, 'get_category', {}, { as: town.other.siteKey })).status).toBe(
    200,
  )
})

it('a deletion ends after the piece in hand when the server stops', async () => {
  const town = await aTown()
  const rooms = removingIn(town)
  const stopping = new AbortController()
  let pieces = 0
  const finishRemoval = async (...given: Parameters<typeof rooms.store.finishRemoval>) => {
    pieces += 1
    stopping.abort()
    return rooms.store.finishRemoval(...given)
  }
  const deps = { ...rooms, store: { ...rooms.store, finishRemoval }, signal: stopping.signal }

  const stopped = remove(deps, tenantOrder(town), testBy)

  await expect(stopped).rejects.toThrow('abort')
  expect(pieces).toBe(1)
  expect(town.counts()).toMatchObject({ tenants: 2, sites: 2 })
})

it('a user whom a call makes at Bridge while others are removed goes at Bridge too', async () => {
  const town = await aTown()
  const { app, acme } = town
  const { bridge, ...rooms } = removingIn(town)
  const late = await aUser(app, acme.site, { name: 'late', uuid: null })
  await aUser(app, acme.site, { name: 'first', uuid: 'first' }) // the last that came is removed first
  const list: typeof bridge.items.list = async (uuid, ...given) => {
    if (uuid === 'first') await app.store.setUserUuid(late.id, 'late')
    return bridge.items.list(uuid, ...given)
  }
  const deleted: string[] = []
  const forget: typeof bridge.users.delete = (uuid) => {
    deleted.push(uuid)
    return bridge.users.delete(uuid)
  }
  const [items, users] = [
    { ...bridge.items, list },
    { ...bridge.users, delete: forget },
  ]

  const { receipt } = await remove(
    { ...rooms, bridge: { ...bridge, items, users } },
    siteOrder(town),
    testBy,
  )

  expect(deleted).toEqual(['first', 'late', town.alice.user.userUuid])
  expect(receipt).toMatchObject({ users: 3, bridge_users: 3 })
})

describe('a user whom a call makes at Bridge while its own turn has come', () => {
  it('goes at Bridge too when it was made between the look at it and its end here', async () => {
    const town = await aTown()
    const { app, acme, alice, world } = town
    const rooms = removingIn(town)
    const late = await aUser(app, acme.site, { name: 'late', uuid: null })
    world.users.set('late', world.users.get(alice.user.userUuid)!)
    let isMade = false
    const readUser: typeof rooms.store.readUser = async (userId) => {
      const found = await rooms.store.readUser(userId)
      if (userId === late.id && !isMade) {
        isMade = true
        await app.store.setUserUuid(late.id, 'late')
      }
      return found
    }

    const { receipt } = await remove(
      { ...rooms, store: { ...rooms.store, readUser } },
      siteOrder(town),
      testBy,
    )

    expect(world.users.has('late')).toBe(false)
    expect(receipt).toMatchObject({ users: 2, bridge_users: 2, requests: 1 })
  })

  it('stays at neither place when Bridge answers after its end here', async () => {
    const town = await aTown()
    const { app, acme, world } = town
    const rooms = removingIn(town)
    const late = await aUser(app, acme.site, { name: 'late', uuid: null })
    const before = [...world.users.keys()]
    const { bridge, store, keyring } = app
    const create: typeof bridge.users.create = async (given) => {
      const made = await bridge.users.create(given)
      await remove(rooms, siteOrder(town), testBy)
      return made
    }
    const slow = { ...bridge, users: { ...bridge.users, create } }

    const making = ensureBridgeUser({ store, keyring, bridge: slow }, late)

    await expect(making).rejects.toThrow(SiteConflictError)
    expect(before).toEqual(expect.arrayContaining([...world.users.keys()]))
  })

  it('is not made when its end came first', async () => {
    const town = await aTown()
    const { app, acme, world } = town
    const late = await aUser(app, acme.site, { name: 'late', uuid: null })
    await remove(removingIn(town), siteOrder(town), testBy)
    const made = world.users.size

    await expect(ensureBridgeUser(app, late)).rejects.toThrow(SiteConflictError)

    expect(world.users.size).toBe(made)
  })
})

describe('a deletion that dies', () => {
  /** The same rooms, in which the process dies at the n-th step, just before or just after it took effect. */
  function dyingAt(town: Town, n: number, when: 'before' | 'after') {
    let step = 0
    const mortal = <T extends object>(room: T): T =>
      new Proxy(room, {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown
          if (typeof value !== 'function') return value
          return async (...args: unknown[]) => {
            step += 1
            if (step === n && when === 'before') throw new Error('killed')
            const result: unknown = await (value as (...args: unknown[]) => unknown).apply(
              target,
              args,
            )
            if (step === n && when === 'after') throw new Error('killed')
            return result
          }
        },
      })
    const rooms = removingIn(town)
    const { items, users } = rooms.bridge
    const bridge = { ...rooms.bridge, items: mortal(items), users: mortal(users) }
    return { rooms: { ...rooms, store: mortal(rooms.store), bridge }, steps: () => step }
  }

  it.each(['before', 'after'] as const)(
    '%s any of its steps goes on when it is ordered again, and the receipt is whole',
    async (when) => {
      let died = 0
      for (let n = 1; ; n += 1) {
        const town = await aTown()
        const { rooms } = dyingAt(town, n, when)
        const first = await remove(rooms, siteOrder(town), testBy).catch((error: Error) => error)
        if (!(first instanceof Error)) break
        died += 1

        const { receipt } = await remove(removingIn(town), siteOrder(town), testBy)

        expect(receipt, `step ${n}`).toEqual(oneSite)
        expect(town.world.items.has(town.alice.itemId)).toBe(false)
        expect(town.counts()).toMatchObject({ sites: 2, bridge_users: 2, items: 2, deliveries: 2 })
        await town.app.close()
      }
      expect(died).toBeGreaterThan(10)
    },
  )
})

describe('delete_bridge_item_id', () => {
  const forget = (town: Town) =>
    callMethod(town.app, 'delete_bridge_item_id', { item_id: 11 }, { as: town.acme.siteKey })

  it('empties the queue of what concerns the item, and its events of what they said', async () => {
    const town = await aTown()
    const { app, alice } = town
    await announce(town, alice, 'a second one, which waits for the first')

    const { status } = await forget(town)

    expect(status).toBe(200)
    const lease = { at: testNow, by: 'srv_test', leaseUntil: testNow + 1, limit: 9 }
    const claimed = await app.store.claimDeliveries(lease)
    expect(claimed.map(({ site }) => site.name)).not.toContain('one.acme.test')
    expect(town.counts()).toMatchObject({ events: 4, deliveries: 2 })
    const bodies = await app.store.listSealed('event-body', null, 10)
    expect(bodies).toHaveLength(2)
  })

  it('takes the Bridge user along with the last item when the operator says so', async () => {
    const town = await aTown({ DELETE_BRIDGE_USERS: 'true' })
    const { app, world, alice, acme } = town
    world.addItem(alice.user.userUuid, { id: 12 })

    await forget(town)
    expect(world.users.has(alice.user.userUuid)).toBe(true)
    const args = { item_id: 12, user: 'alice' }
    const last = await callMethod(app, 'delete_bridge_item_id', args, { as: acme.siteKey })

    expect(last).toMatchObject({ status: 200, message: { deleted: true } })
    expect(world.users.has(alice.user.userUuid)).toBe(false)
    // The site's own user stays, and gets a new one at Bridge when it connects again.
    const link = { redirect_url: 'https://one.acme.test/x', user: 'alice', email: 'a@b.test' }
    const again = await callMethod(app, 'get_bridge_connect_link', link, { as: acme.siteKey })
    expect(again.status).toBe(200)
  })

  it('takes along what is held here of the user and was no longer at Bridge, and tells its site', async () => {
    const town = await aTown({ DELETE_BRIDGE_USERS: 'true' })
    const { app, acme, alice, world, clock } = town
    await addItems(app, alice.user, 13)
    clock.advance(1)
    const since = new Date(clock.now()).toISOString()

    await forget(town)

    expect(world.users.has(alice.user.userUuid)).toBe(false)
    expect(await app.store.listItems(alice.user.id)).toEqual([])
    const { message } = await callMethod(app, 'get_events', { since }, { as: acme.siteKey })
    const event = { content: { item_id: 13, user_uuid: alice.user.userUuid } }
    expect(message).toMatchObject({ events: [{ type: 'item.deleted', event }] })
  })

  it('leaves a user alone who was made anew for a link while Bridge deleted the former', async () => {
    const town = await aTown({ DELETE_BRIDGE_USERS: 'true' })
    const { app, acme, alice, world } = town
    const link = { redirect_url: 'https://one.acme.test/x', user: 'alice', email: 'a@b.test' }
    const { users } = app.bridge
    const slowly = async (userUuid: string) => {
      await users.delete(userUuid)
      world.expireTokens()
      await callMethod(app, 'get_bridge_connect_link', link, { as: acme.siteKey })
    }
    const bridge = { ...app.bridge, users: { ...users, delete: slowly } }
    const [held] = await app.store.listConnections({ id: alice.itemId })

    await removeItem({ ...app, bridge }, held!, { withBridgeUser: true, actor: 'test' })

    const user = await app.store.readUser(alice.user.id)
    expect(user?.userUuid).not.toBe(alice.user.userUuid)
    expect(world.users.has(user?.userUuid ?? '')).toBe(true)
  })

  it.each([
    [400, {}],
    [400, { DELETE_BRIDGE_USERS: 'true' }],
    [401, {}],
    [401, { DELETE_BRIDGE_USERS: 'true' }],
  ])('ends what Bridge deleted with its user and answers %i for, with %j', async (status, env) => {
    const town = await aTown(env)
    const { userUuid } = town.alice.user
    town.world.users.delete(userUuid)
    town.world.items.delete(town.alice.itemId)
    town.world.expireTokens()
    refuseTokens(town, userUuid, status)

    expect(await forget(town)).toMatchObject({ status: 200, message: { deleted: true } })
  })

  it('asked again after a crash half-way ends what it began', async () => {
    const town = await aTown({ DELETE_BRIDGE_USERS: 'true' })
    const { app, world, alice } = town
    const { deleteItem } = app.store
    app.store.deleteItem = () => Promise.reject(new Error('killed'))
    expect((await forget(town)).status).toBe(500)
    expect(world.users.has(alice.user.userUuid)).toBe(false)
    app.store.deleteItem = deleteItem
    world.expireTokens()

    const again = await forget(town)

    expect(again).toMatchObject({
      status: 200,
      message: { item_id: 11, deleted: true, accounts: 1 },
    })
    expect((await forget(town)).status).toBe(404)
  })

  it.each([
    ['the item', 'item-gone', {}],
    ['the item', 'item-gone', { DELETE_BRIDGE_USERS: 'true' }],
    ['the user', 'user-gone', {}],
    ['the user', 'user-gone', { DELETE_BRIDGE_USERS: 'true' }],
  ] as const)(
    'deletes what is left here when Bridge told that %s is gone: %s, %j',
    async (_, kind, env) => {
      const town = await aTown(env)
      const { app, world, alice } = town
      const { id: userId, userUuid } = alice.user
      const email = Buffer.from('sealed')
      await aRequest(app, alice.user, { email })
      world.items.delete(alice.itemId)
      if (kind === 'user-gone') world.users.delete(userUuid)
      const change = { userId, itemId: alice.itemId, userUuid, at: app.clock.now() }
      await app.store.applyEvent({ kind, ...change })

      const args = { item_id: alice.itemId }
      const stranger = { as: town.other.siteKey }
      expect((await callMethod(app, 'delete_bridge_item_id', args, stranger)).status).toBe(404)
      expect(await forget(town)).toMatchObject({
        status: 200,
        message: { item_id: 11, deleted: true, accounts: 1 },
      })

      expect(town.counts()).toMatchObject({ items: 2, accounts: 2, deliveries: 2 })
      const isKept = Object.keys(env).length === 0
      expect(world.users.has(userUuid)).toBe(kind === 'item-gone' && isKept)
      expect((await app.store.readUser(userId))?.email).toEqual(isKept ? email : null)
      expect((await forget(town)).status).toBe(404)
    },
  )
})

it('an export holds all that is a tenant’s, in the clear, no secret and nothing of anybody else', async () => {
  const town = await aTown()
  const { app, acme, alice } = town
  for (let each = 0; each < 450; each += 1) await announce(town, alice, `message ${each}`)

  let text = ''
  for await (const piece of exportTenant(app, acme.tenant, testNow)) text += piece

  const held = JSON.parse(text) as Record<string, Record<string, unknown>[]>
  expect(held['sites']!.map(({ name }) => name)).toEqual(['one.acme.test', 'two.acme.test'])
  expect(held['users']!.map(({ name }) => name)).toEqual(['alice', 'bob'])
  expect(held['items']!.map(({ id }) => id)).toEqual([11, 22])
  expect(held['accounts']).toHaveLength(2)
  expect(held['requests']).toHaveLength(2)
  expect(held['keys']!.map(({ apiKey }) => apiKey)).toContain(acme.siteKey.apiKey)
  expect(held['events']).toHaveLength(452)
  expect(held['events']!.map(({ body }) => body)).toContain('{"text":"message 449"}')
  expect(held['deliveries']).toHaveLength(452)
  expect(held['audit']!.length).toBeGreaterThan(3)
  for (const word of ['other.test', 'carol', 'ecret"', 'ecretHash', town.other.tenant.id]) {
    expect(text).not.toContain(word)
  }
})

it('every table is in the export, or holds nothing of a tenant’s', async () => {
  const path = databaseFile()
  await testApp({ database: path })
  const raw = new Sqlite(path, { readonly: true })
  onTestFinished(() => void raw.close())
  const exported: Record<ExportKind, string> = {
    sites: 'sites',
    keys: 'api_keys',
    users: 'bridge_users',
    requests: 'connect_requests',
    items: 'items',
    accounts: 'accounts',
    lost_accounts: 'lost_accounts',
    refreshes: 'item_refreshes',
    renewals: 'renewals',
    events: 'events',
    deliveries: 'deliveries',
    attempts: 'attempts',
    endpoints: 'endpoints',
    calls: 'calls',
    usage: 'usage',
    audit: 'audit',
  }
  // The tenant itself stands at the head of the export; what the operator was told of its sites is the operator's, until it is over.
  const ours = [
    '__drizzle_migrations',
    'instance',
    'data_keys',
    'tenants',
    'removals',
    'alerts',
    'sessions',
  ]

  const tables = raw
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .pluck()
    .all()

  const known = [...Object.values(exported), ...ours]
  expect(tables.filter((table) => !known.includes(table))).toEqual([])
})
