import { setImmediate as turn } from 'node:timers/promises'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import { aConnectedBank, callMethod, testApp } from '../../support/app.ts'
import { bridgeUrl, type BridgeDouble } from '../../support/bridge.ts'
import { toldTo } from '../../support/jobs-app.ts'
import { aTenant, type TestKey } from '../../support/tenants.ts'

async function sites(...names: string[]) {
  const made = await testApp()
  const acme = await aTenant(made.app, { sites: names })
  const ask = (method: string, params: object, as: TestKey = acme.siteKey) =>
    callMethod(made.app, method, params, { as })
  const link = (params: object, as?: TestKey) =>
    ask(
      'get_bridge_connect_link',
      { redirect_url: 'https://erp.acme.test/', email: 'a@b.fr', ...params },
      as,
    )
  const transactions = (params: object, as?: TestKey) => ask('get_bank_transactions', params, as)
  const userOf = async (request: string) =>
    (await made.app.store.findRequest(acme.scope, request))?.user
  return { ...made, acme, ask, link, transactions, userOf }
}

/** Bridge takes its time over a new user: as many turns of the loop as the other calls need to get there. */
const slowly = () =>
  http.post(`${bridgeUrl}/v3/aggregation/users`, async () => {
    for (let left = 200; left > 0; left -= 1) await turn()
  })

const madeUsers = ({ calls }: BridgeDouble) =>
  calls.filter(({ method, path }) => method === 'POST' && path === '/v3/aggregation/users')

test('a user is known by the site’s name for it and by Bridge’s uuid', async () => {
  const { acme, transactions, ...made } = await sites('erp.acme.test')
  const ada = await aConnectedBank(made, acme.site, { user: 'ada' })
  await aConnectedBank(made, acme.site, { user: 'bob' })

  for (const user of ['ada', ada.user.userUuid]) {
    const { message } = await transactions({ user })
    expect(message).toMatchObject([{ id: ada.transactionId }])
  }
})

test('a user that no site knows does not exist', async () => {
  const { acme, transactions, ...made } = await sites('erp.acme.test')
  await aConnectedBank(made, acme.site, { user: 'ada' })

  expect(await transactions({ user: 'bob' })).toMatchObject({
    status: 404,
    body: { exc_type: 'DoesNotExistError' },
  })
})

test('without a name the site’s only user is meant', async () => {
  const { acme, transactions, ...made } = await sites('erp.acme.test')
  const ada = await aConnectedBank(made, acme.site, { user: 'ada' })

  expect((await transactions({})).message).toMatchObject([{ id: ada.transactionId }])
})

test('without a name, several users are no one: the error asks for one', async () => {
  const { acme, transactions, ...made } = await sites('erp.acme.test')
  await aConnectedBank(made, acme.site, { user: 'ada' })
  await aConnectedBank(made, acme.site, { user: 'bob' })

  const answer = await transactions({})

  expect(answer.status).toBe(417)
  expect(answer.body.exception).toContain("'user'")
})

test('without a name, the default user is meant where there is one among several', async () => {
  const { acme, link, transactions, userOf, ...made } = await sites('erp.acme.test')
  await aConnectedBank(made, acme.site, { user: 'ada' })
  await aConnectedBank(made, acme.site, { user: 'bob' })
  const unnamed = await aConnectedBank(made, acme.site)

  expect((await transactions({})).message).toMatchObject([{ id: unnamed.transactionId }])
  expect((await userOf((await link({})).message.request))?.id).toBe(unnamed.user.id)
})

test('on a site without any user, nobody is there to read for', async () => {
  const { transactions } = await sites('erp.acme.test')

  expect((await transactions({})).status).toBe(404)
})

test('a link without a name makes the default user, and the first name takes it over', async () => {
  const { link, userOf } = await sites('erp.acme.test')

  const first = await userOf((await link({})).message.request)
  const again = await userOf((await link({})).message.request)
  const named = await userOf((await link({ user: 'ada' })).message.request)
  const other = await userOf((await link({ user: 'bob' })).message.request)

  expect(first?.name).toBe('')
  expect(again?.id).toBe(first?.id)
  expect(named).toMatchObject({ id: first?.id, name: 'ada' })
  expect(other?.id).not.toBe(first?.id)
})

test('a read may name the default user before a link has', async () => {
  const { acme, transactions, ...made } = await sites('erp.acme.test')
  const unnamed = await aConnectedBank(made, acme.site)

  expect((await transactions({ user: 'ada' })).message).toMatchObject([
    { id: unnamed.transactionId },
  ])
})

test('a link without a name means the site’s only user, whatever it is called', async () => {
  const { link, userOf } = await sites('erp.acme.test')

  const named = await userOf((await link({ user: 'ada' })).message.request)
  const unnamed = await userOf((await link({})).message.request)

  expect(unnamed?.id).toBe(named?.id)
})

test('a link may name the user by Bridge’s uuid', async () => {
  const { acme, link, userOf, ...made } = await sites('erp.acme.test')
  const ada = await aConnectedBank(made, acme.site, { user: 'ada' })

  const user = await userOf((await link({ user: ada.user.userUuid })).message.request)

  expect(user?.id).toBe(ada.user.id)
})

test('the same name on two sites is two users', async () => {
  const { acme, link, userOf, world } = await sites('erp.acme.test', 'shop.acme.test')
  const on = async (site: string) => {
    const order = { site, user: 'ada', redirect_url: `https://${site}/` }
    return userOf((await link(order, acme.tenantKey)).message.request)
  }

  const [erp, shop] = [await on('erp.acme.test'), await on('shop.acme.test')]

  expect(erp?.id).not.toBe(shop?.id)
  expect(world.users.size).toBe(2)
})

test('a name that two sites know: the item decides, else site must', async () => {
  const { acme, ask, transactions, ...made } = await sites('erp.acme.test', 'shop.acme.test')
  const erp = await aConnectedBank(made, acme.sites[0]!, { user: 'ada' })
  const shop = await aConnectedBank(made, acme.sites[1]!, { user: 'ada' })
  const as = acme.tenantKey

  const unclear = await transactions({ user: 'ada' }, as)
  const named = await transactions({ user: 'ada', site: 'shop.acme.test' }, as)
  const byItem = await transactions({ user: 'ada', item_id: erp.itemId }, as)
  const accounts = await ask('get_bank_accounts', { user: 'ada', item_id: shop.itemId }, as)

  expect(unclear.status).toBe(417)
  expect(unclear.body.exception).toContain("'site'")
  expect(named.message).toMatchObject([{ id: shop.transactionId }])
  expect(byItem.message).toMatchObject([{ id: erp.transactionId }])
  expect(accounts.message).toMatchObject([{ id: shop.accountId }])
})

test('a site key needs no site for a name that two sites know', async () => {
  const { acme, transactions, ...made } = await sites('erp.acme.test', 'shop.acme.test')
  const erp = await aConnectedBank(made, acme.sites[0]!, { user: 'ada' })
  await aConnectedBank(made, acme.sites[1]!, { user: 'ada' })

  expect((await transactions({ user: 'ada' })).message).toMatchObject([{ id: erp.transactionId }])
})

test('an item of another user of the same site is not the named user’s', async () => {
  const { acme, ask, ...made } = await sites('erp.acme.test')
  const ada = await aConnectedBank(made, acme.site, { user: 'ada' })
  await aConnectedBank(made, acme.site, { user: 'bob' })

  const answer = await ask('get_bank_accounts', { item_id: ada.itemId, user: 'bob' })

  expect(answer.status).toBe(404)
})

test.each([
  'get_bank_accounts',
  'get_bank_transactions_by_account',
  'get_bank_transactions',
  'get_bridge_item_details',
  'delete_bridge_item_id',
])('%s serves clients of either age, who say site instead of user or beside it', async (method) => {
  for (const words of [
    { site: 'erp.acme.test' },
    { user: 'ada' },
    { site: 'erp.acme.test', user: 'ada' },
  ]) {
    const { acme, ask, ...made } = await sites('erp.acme.test', 'shop.acme.test')
    const ada = await aConnectedBank(made, acme.site, { user: 'ada' })
    const ids =
      method === 'get_bank_transactions' ? {} : { item_id: ada.itemId, account_id: ada.accountId }

    for (const as of [acme.siteKey, ...(method.startsWith('delete') ? [] : [acme.tenantKey])]) {
      expect((await ask(method, { ...ids, ...words }, as)).status).toBe(200)
    }
  }
})

test('first links of one user at one instant make one user at Bridge, and all get their link', async () => {
  const { bridge, world, link } = await sites('erp.acme.test')
  bridge.use(slowly())

  const answers = await Promise.all(Array.from({ length: 12 }, () => link({ user: 'ada' })))

  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200))
  expect(new Set(answers.map(({ message }) => message.request)).size).toBe(12)
  expect(madeUsers(bridge)).toHaveLength(1)
  expect(world.users.size).toBe(1)
})

test('a first link that fails at Bridge leaves the next one free to make the user', async () => {
  const { bridge, world, link } = await sites('erp.acme.test')
  let broken = true
  bridge.use(
    http.post(`${bridgeUrl}/v3/aggregation/users`, () =>
      broken ? HttpResponse.json({}, { status: 400 }) : undefined,
    ),
  )

  const failed = await Promise.all([link({ user: 'ada' }), link({ user: 'ada' })])
  broken = false
  const next = await link({ user: 'ada' })

  expect(failed.map(({ status }) => status)).toEqual([502, 502])
  expect(next.status).toBe(200)
  expect(world.users.size).toBe(1)
})

test('links at one instant for a user whom Bridge removed make one user anew', async () => {
  const { app, world, clock, bridge, acme, link, ...made } = await sites('erp.acme.test')
  const ada = await aConnectedBank({ app, world, ...made }, acme.site, { user: 'ada' })
  world.users.delete(ada.user.userUuid)
  clock.advance(3 * 60 * 60_000)
  bridge.use(slowly())

  const answers = await Promise.all(Array.from({ length: 6 }, () => link({ user: 'ada' })))

  expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
  expect(madeUsers(bridge)).toHaveLength(1)
})

test('a user whom Bridge removed by itself is made anew by the next link; the old items are gone, as their site is told', async () => {
  const { app, world, clock, acme, link, ask, ...made } = await sites('erp.acme.test')
  const ada = await aConnectedBank({ app, world, ...made }, acme.site, { user: 'ada' })
  const before = ada.user.userUuid ?? ''
  world.users.delete(before)
  clock.advance(3 * 60 * 60_000) // so that no token outlives the user

  const { status } = await link({ user: 'ada' })

  expect(status).toBe(200)
  const [known] = await app.store.findUsers(acme.scope, 'ada')
  expect(known?.user.userUuid).not.toBe(before)
  expect(world.users.has(known?.user.userUuid ?? '')).toBe(true)
  expect(await ask('get_bank_accounts', { item_id: ada.itemId })).toMatchObject({ status: 404 })
  expect(await toldTo(app, acme, ['item.deleted'])).toMatchObject([
    { content: { item_id: ada.itemId, user_uuid: before } },
  ])
})

test('a refused token alone takes nothing from a user whom Bridge still knows', async () => {
  const { app, world, bridge, clock, acme, link, ...made } = await sites('erp.acme.test')
  const ada = await aConnectedBank({ app, world, ...made }, acme.site, { user: 'ada' })
  clock.advance(3 * 60 * 60_000)
  bridge.use(
    http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, () =>
      HttpResponse.json({ code: 'invalid' }, { status: 422 }),
    ),
  )

  const { status } = await link({ user: 'ada' })

  expect(status).toBe(502)
  expect(await app.store.findItem(acme.scope, ada.itemId)).toBeDefined()
})
