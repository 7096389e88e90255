import { http } from 'msw'
import { expect, test } from 'vitest'
import { toFacts } from '../../../src/ownership/item-list.ts'
import { callMethod, testApp, aConnectedBank, type MethodAnswer } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { aTenant, aUser, type TestKey } from '../../support/tenants.ts'
import {
  aliceName,
  expectNothingLeaked,
  methodsUnderTest,
  twoTenants,
  type TwoTenants,
} from './two-tenants.ts'

/** Arguments that name a thing someone owns, and where a stranger's would be found. */
const owned = {
  item_id: (of: TwoTenants['bob']) => of.itemId,
  account_id: (of: TwoTenants['bob']) => of.accountId,
  request: (of: TwoTenants['bob']) => of.request,
}

const cases = methodsUnderTest.flatMap((method) =>
  (Object.keys(owned) as (keyof typeof owned)[])
    .filter((argument) => method.arguments.includes(argument))
    .map((argument) => ({ ...method, argument })),
)

/** The answer with the id asked for taken out, and how much work it took. */
function shapeOf(answer: MethodAnswer, id: number | string, held: TwoTenants) {
  const { exception, exc, _server_messages: messages, ...rest } = answer.body
  const without = (text: string) => text.replaceAll(String(id), '?').replace(/[0-9a-f]{56}/, '!')
  const { 'content-length': length, date: _, ...headers } = answer.headers
  return {
    status: answer.status,
    headers,
    length,
    rest,
    texts: [exception, exc, messages].map(without),
    work: held.bridge.calls.map(({ method, path }) => `${method} ${path}`),
  }
}

test.each(cases)(
  '$name answers a stranger’s $argument exactly as one that does not exist',
  async ({ name, fitting, argument }) => {
    const ask = async (pick: (held: TwoTenants) => number | string) => {
      const held = await twoTenants()
      const id = pick(held)
      const params = { ...fitting(held), [argument]: id }
      const answer = await callMethod(held.app, name, params, { as: held.acme.siteKey })
      expectNothingLeaked(held, answer.text)
      return shapeOf(answer, id, held)
    }
    const find = owned[argument]
    const likeIt = (held: TwoTenants) => {
      const id = find(held.carol)
      return typeof id === 'number' ? id + 5_000 : id.replace(/\d$/, 'z')
    }

    const nobodys = await ask(likeIt)
    const anotherTenants = await ask(({ carol }) => find(carol))
    const anotherSites = await ask(({ bob }) => find(bob))

    expect(nobodys).toMatchObject({ status: 404, rest: { exc_type: 'DoesNotExistError' } })
    expect(anotherTenants).toEqual(nobodys)
    expect(anotherSites).toEqual(nobodys)
  },
)

test.each(methodsUnderTest.filter((method) => method.arguments.includes('site')))(
  '$name answers a site that the key does not see as one that does not exist',
  async ({ name, fitting }) => {
    const held = await twoTenants()
    const ask = async (site: string) => {
      const params = { ...fitting(held), site }
      return callMethod(held.app, name, params, { as: held.acme.siteKey })
    }

    const names = ['erp.nowhere.test', 'erp.globex.test', 'shop.acme.test']
    const answers = await Promise.all(names.map(ask))

    for (const [index, { status, body }] of answers.entries()) {
      const exception = `frappe.exceptions.DoesNotExistError: Site ${names[index]} not found`
      expect({ status, body }).toMatchObject({ status: 404, body: { exception } })
    }
    expect(held.bridge.calls).toEqual([])
  },
)

test('a tenant key sees the items of all its sites, and none of another tenant’s', async () => {
  const held = await twoTenants()
  const ask = (itemId: number) =>
    callMethod(held.app, 'get_bank_accounts', { item_id: itemId }, { as: held.acme.tenantKey })

  expect((await ask(held.alice.itemId)).status).toBe(200)
  expect((await ask(held.bob.itemId)).status).toBe(200)
  expect((await ask(held.carol.itemId)).status).toBe(404)
})

test('an id that is not the key’s is counted in the audit, without saying whose it is', async () => {
  const held = await twoTenants()
  for (const id of [held.carol.itemId, 999]) {
    await callMethod(held.app, 'get_bank_accounts', { item_id: id }, { as: held.acme.siteKey })
  }
  await held.app.auditCounter.flush()

  const rows = await held.app.store.listAudit({ tenantId: held.acme.tenant.id, limit: 50 })

  expect(rows.filter(({ action }) => action === 'id.unknown')).toMatchObject([
    { actor: `key:${held.acme.siteKey.apiKey}`, subject: 'Item', count: 2, detail: null },
  ])
})

async function discovering() {
  const made = await testApp()
  const acme = await aTenant(made.app)
  const { uuid } = made.world.addUser()
  const user = await aUser(made.app, acme.site, { name: aliceName, uuid })
  const ask = (method: string, params: object, as: TestKey = acme.siteKey) =>
    callMethod(made.app, method, params, { as })
  const lists = () =>
    made.bridge.calls.filter(({ path }) => path === '/v3/aggregation/items').length
  return { ...made, acme, user, ask, lists }
}

test('an item Bridge lists for a user the key knows is discovered, with its accounts', async () => {
  const { world, user, ask } = await discovering()
  const { id: item_id } = world.addItem(user.userUuid)
  const { id: account_id } = world.addAccount(item_id)

  const accounts = await ask('get_bank_accounts', { item_id, user: aliceName })

  expect(accounts.message).toMatchObject([{ id: account_id, item_id }])
  expect((await ask('get_bank_transactions_by_account', { account_id })).status).toBe(200)
})

test('an account asked for before its item is discovered too', async () => {
  const { world, user, ask } = await discovering()
  const { id: item_id } = world.addItem(user.userUuid)
  const { id: account_id } = world.addAccount(item_id)

  const answer = await ask('get_bank_transactions_by_account', { account_id, user: aliceName })

  expect(answer.status).toBe(200)
})

test('Bridge’s list is read once in ten minutes, however many unknown ids are asked for', async () => {
  const { clock, world, user, ask, lists } = await discovering()
  for (const item_id of [7, 8, 7]) await ask('get_bank_accounts', { item_id, user: aliceName })
  expect(lists()).toBe(1)
  world.addItem(user.userUuid, { id: 7 })

  clock.advance(10 * 60_000 - 1)
  expect((await ask('get_bank_accounts', { item_id: 7, user: aliceName })).status).toBe(404)
  clock.advance(2)
  expect((await ask('get_bank_accounts', { item_id: 7, user: aliceName })).status).toBe(200)
  expect(lists()).toBe(2)
})

test.each([400, 401, 404])(
  'an unknown id is 404 when its user is gone at Bridge, whose token is refused with %i',
  async (status) => {
    const { world, bridge, ask } = await discovering()
    world.users.clear()
    bridge.use(
      http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, () => bridgeProblem(status)),
    )

    const answer = await ask('get_bank_accounts', { item_id: 7, user: aliceName })

    expect(answer.status).toBe(404)
  },
)

test('a user whom the key does not know costs no call', async () => {
  const { ask, bridge } = await discovering()

  const answer = await ask('get_bank_accounts', { item_id: 7, user: 'mallory@acme.test' })

  expect(answer.status).toBe(404)
  expect(bridge.calls).toEqual([])
})

test('an item that Bridge lists for one tenant stays with the tenant that holds it', async () => {
  const { app, world, user, ask } = await discovering()
  const globex = await aTenant(app, { name: 'globex', sites: ['erp.globex.test'] })
  const theirs = await aUser(app, globex.site, { name: 'carol', uuid: world.addUser().uuid })
  const item = world.addItem(user.userUuid)
  await app.store.keepItems(theirs.id, [toFacts(item)], { at: app.clock.now(), complete: false })

  const answer = await ask('get_bank_accounts', { item_id: item.id, user: aliceName })

  expect(answer.status).toBe(404)
  expect(await app.store.findItem(globex.scope, item.id)).toMatchObject({ user: { id: theirs.id } })
})

test('an item missing from Bridge’s whole list is gone; its row stays and may come back', async () => {
  const { app, acme, world, user, ask, clock } = await discovering()
  const row = world.addItem(user.userUuid)
  await app.store.keepItems(user.id, [toFacts(row)], { at: clock.now() - 3_000, complete: false })
  world.items.clear()
  await ask('get_bank_accounts', { item_id: 7, user: aliceName })
  expect(await app.store.findItem(acme.scope, row.id)).toBeUndefined()

  world.addItem(user.userUuid, row)
  clock.advance(11 * 60_000)
  const answer = await ask('get_bank_accounts', { item_id: row.id, user: aliceName })

  expect(answer.status).toBe(200)
})

test('an item that is deleted while its details are read stays deleted', async () => {
  const made = await testApp()
  const acme = await aTenant(made.app)
  const { itemId: item_id, user } = await aConnectedBank(made, acme.site)
  made.clock.advance(60_000)
  made.bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/:id`, async () => {
      made.clock.advance(3_000)
      const at = made.clock.now()
      await made.app.store.applyEvent({ kind: 'item-gone', userId: user.id, itemId: item_id, at })
      made.clock.advance(3_000)
    }),
  )

  await callMethod(made.app, 'get_bridge_item_details', { item_id }, { as: acme.siteKey })

  expect(await made.app.store.findItem(acme.scope, item_id)).toBeUndefined()
})

test('a 404 of Bridge’s marks an item unreachable and does not delete it', async () => {
  const made = await testApp()
  const acme = await aTenant(made.app)
  const { itemId: item_id, user } = await aConnectedBank(made, acme.site)
  const kept = made.world.items.get(item_id)!
  made.world.items.clear()
  const ask = () =>
    callMethod(made.app, 'get_bridge_item_details', { item_id }, { as: acme.siteKey })

  const answer = await ask()

  expect(answer).toMatchObject({ status: 502, body: { exc_type: 'BridgeError' } })
  expect((await made.app.store.findItem(acme.scope, item_id))?.item.unreachableAt).not.toBeNull()
  made.world.addItem(user.userUuid, kept)
  expect((await ask()).status).toBe(200)
  expect((await made.app.store.findItem(acme.scope, item_id))?.item.unreachableAt).toBeNull()
})
