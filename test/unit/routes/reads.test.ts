import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import { aConnectedBank, bridgeTime, callBack, callMethod, testApp } from '../../support/app.ts'
import { aCategory, bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { aRequest, aTenant } from '../../support/tenants.ts'

async function reading() {
  const made = await testApp()
  const acme = await aTenant(made.app)
  const ada = await aConnectedBank(made, acme.site, { user: 'ada' })
  const ask = (method: string, params: object = {}, headers?: Record<string, string>) =>
    callMethod(made.app, method, params, { as: acme.siteKey, ...(headers && { headers }) })
  return { ...made, acme, ada, ask }
}

test('ids are taken as numbers and as strings', async () => {
  const { ada, ask } = await reading()

  for (const item_id of [ada.itemId, String(ada.itemId)]) {
    expect((await ask('get_bank_accounts', { item_id })).message).toHaveLength(1)
  }
})

test('all of Bridge’s pages of accounts are given, and each then has an owner', async () => {
  const { world, ada, ask } = await reading()
  for (let more = 0; more < 600; more += 1) world.addAccount(ada.itemId)

  const { message } = await ask('get_bank_accounts', { item_id: ada.itemId })

  expect(message).toHaveLength(601)
  const account_id = message.at(-1).id
  expect((await ask('get_bank_transactions_by_account', { account_id })).message).toEqual([])
})

test('accounts of the user’s other items stay out', async () => {
  const { world, ada, ask } = await reading()
  const other = world.addItem(ada.user.userUuid)
  world.addAccount(other.id)

  const { message } = await ask('get_bank_accounts', { item_id: ada.itemId })

  expect(message.map(({ id }: { id: number }) => id)).toEqual([ada.accountId])
})

test('the item document has Frappe’s fields, ours, then Bridge’s as they are now', async () => {
  const { world, ada, ask } = await reading()
  world.items.get(ada.itemId)!.status = 1010

  const { message } = await ask('get_bridge_item_details', { item_id: ada.itemId })

  expect(message).toMatchObject({
    name: String(ada.itemId),
    owner: 'erp.acme.test',
    creation: '2025-03-10 13:05:00', // Paris
    modified: '2025-03-10 13:05:00',
    docstatus: 0,
    doctype: 'Bridge Item',
    item_id: ada.itemId,
    site: 'erp.acme.test',
    user: 'ada',
    id: ada.itemId,
    status: 1010,
  })
})

test('the item document is modified by what the bank was asked for, not by being read', async () => {
  const { app, clock, world, ada, ask } = await reading()
  const modified = async () =>
    (await ask('get_bridge_item_details', { item_id: ada.itemId })).message.modified
  const stored = await modified()
  clock.advance(3_600_000)
  const read = await modified()
  clock.advance(3_600_000)
  const readAgain = await modified()

  const at = clock.now()
  world.items.get(ada.itemId)!.last_try_refresh = bridgeTime(at)
  const none = { statusCodeInfo: null, authenticationExpiresAt: null, accountTypes: null }
  const change = { kind: 'item', userId: ada.user.id, itemId: ada.itemId, at, ...none } as const
  await app.store.applyEvent({ ...change, status: 1003, refreshed: false })
  clock.advance(3_600_000)

  expect([stored, read, readAgain]).toEqual(Array.from({ length: 3 }, () => '2025-03-10 13:05:00'))
  expect([await modified(), await modified()]).toEqual([
    '2025-03-10 15:05:00',
    '2025-03-10 15:05:00',
  ])
})

test('a field that Bridge adds to its items takes the place of none of ours', async () => {
  const { world, ada, ask } = await reading()
  Object.assign(world.items.get(ada.itemId)!, { name: 'Demo Bank', site: 7, doctype: null, new: 1 })

  const { message } = await ask('get_bridge_item_details', { item_id: ada.itemId })

  expect(message).toMatchObject({
    name: String(ada.itemId),
    doctype: 'Bridge Item',
    site: 'erp.acme.test',
    new: 1,
  })
})

test('the item’s description is asked for in the caller’s language', async () => {
  const { bridge, ada, ask } = await reading()

  await ask('get_bridge_item_details', { item_id: ada.itemId, lang: 'fr' })
  await ask('get_bridge_item_details', { item_id: ada.itemId }, { 'accept-language': 'fr-FR' })
  await ask(
    'get_bridge_item_details',
    { item_id: ada.itemId, lang: 'en' },
    { 'accept-language': 'fr' },
  )

  const asked = bridge.calls.filter(({ path }) => path.endsWith(String(ada.itemId)))
  expect(asked.map(({ headers }) => headers.get('accept-language'))).toEqual(['fr', 'fr', 'en'])
})

test('a bank is read once a day, whoever asks', async () => {
  const { bridge, clock, ask } = await reading()
  const reads = () => bridge.calls.filter(({ path }) => path === '/v3/providers/574').length

  const [first] = await Promise.all([
    ask('get_single_bank', { bank_id: 574 }),
    ask('get_single_bank', { bank_id: '574' }),
  ])
  expect(first?.message).toMatchObject({ id: 574, name: 'Demo Bank' })
  clock.advance(24 * 3_600_000 - 1)
  await ask('get_single_bank', { bank_id: 574 })
  expect(reads()).toBe(1)

  clock.advance(2)
  await ask('get_single_bank', { bank_id: 574 })
  expect(reads()).toBe(2)
})

test('a category is found by id among parents and children; without id the whole tree is given', async () => {
  const { ask } = await reading()

  expect((await ask('get_category', { category_id: '162' })).message).toMatchObject({ id: 162 })
  expect((await ask('get_category', { category_id: 273 })).message).toMatchObject({
    id: 273,
    name: 'Supermarché',
    parent_id: 162,
  })
  expect((await ask('get_category')).message).toMatchObject([
    { id: 162, categories: [{ id: 273 }] },
  ])
})

test('categories are kept a day for each language', async () => {
  const { bridge, ask } = await reading()
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/categories`, ({ request }) => {
      const name = request.headers.get('accept-language') === 'fr' ? 'Courses' : 'Groceries'
      return HttpResponse.json({ resources: [aCategory({ id: 1, name })], pagination: {} })
    }),
  )

  const nameIn = async (lang: string) =>
    (await ask('get_category', { lang, category_id: 1 })).message.name
  expect([await nameIn('fr'), await nameIn('en'), await nameIn('fr_FR')]).toEqual([
    'Courses',
    'Groceries',
    'Courses',
  ])
  expect(bridge.calls.filter(({ path }) => path.endsWith('/categories'))).toHaveLength(2)
})

test('what was kept a day ago is served while Bridge cannot give it anew, and asked for once a minute', async () => {
  const { bridge, ask, clock } = await reading()
  let fails = false
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/categories`, () =>
      fails ? bridgeProblem(400) : undefined,
    ),
  )
  const names = async () =>
    (await ask('get_bank_transactions')).message.map(
      ({ category }: { category: unknown }) => category,
    )
  const reads = () => bridge.calls.filter(({ path }) => path.endsWith('/categories')).length
  const kept = await names()
  fails = true
  clock.advance(24 * 3_600_000 + 1)

  expect([await names(), await names(), reads()]).toEqual([kept, kept, 2])

  clock.advance(60_001)
  expect([await names(), reads()]).toEqual([kept, 3])
  fails = false
  clock.advance(60_001)
  await names()
  clock.advance(3_600_000)
  await names()
  expect(reads()).toBe(4)
})

test('a bank that Bridge no longer has is not served from what was kept', async () => {
  const { bridge, ask, clock } = await reading()
  await ask('get_single_bank', { bank_id: 574 })
  bridge.use(http.get(`${bridgeUrl}/v3/providers/574`, () => bridgeProblem(404)))
  clock.advance(24 * 3_600_000 + 1)

  expect((await ask('get_single_bank', { bank_id: 574 })).status).toBe(404)
})

test('a deleted connection is gone at Bridge and here', async () => {
  const { app, acme, world, ada, ask } = await reading()

  const { message } = await ask('delete_bridge_item_id', { item_id: ada.itemId, user: 'ada' })

  expect(message).toMatchObject({
    item_id: ada.itemId,
    deleted: true,
    site: 'erp.acme.test',
    accounts: 1,
  })
  expect(world.items.size).toBe(0)
  expect((await ask('get_bank_accounts', { item_id: ada.itemId })).status).toBe(404)
  expect(
    (await ask('get_bank_transactions_by_account', { account_id: ada.accountId })).status,
  ).toBe(404)
  const rows = await app.store.listAudit({ tenantId: acme.tenant.id, limit: 50 })
  expect(rows).toContainEqual(
    expect.objectContaining({ action: 'item.deleted', actor: `key:${acme.siteKey.apiKey}` }),
  )
})

test('an item Bridge no longer has counts as deleted', async () => {
  const { app, acme, world, ada, ask } = await reading()
  world.items.clear()

  const answer = await ask('delete_bridge_item_id', { item_id: ada.itemId })

  expect(answer).toMatchObject({ status: 200, message: { deleted: true } })
  expect(await app.store.findItem(acme.scope, ada.itemId)).toBeUndefined()
})

test('an item that Bridge would not delete is kept', async () => {
  const { bridge, ada, ask } = await reading()
  bridge.use(
    http.delete(`${bridgeUrl}/v3/aggregation/items/:id`, () =>
      HttpResponse.json({}, { status: 403 }),
    ),
  )

  expect((await ask('delete_bridge_item_id', { item_id: ada.itemId })).status).toBe(502)
  expect((await ask('get_bank_accounts', { item_id: ada.itemId })).status).toBe(200)
})

test('a request tells what became of it: pending, then completed with its item', async () => {
  const { app, world, clock, ada, ask } = await reading()
  const request = await aRequest(app, ada.user, { bank: 'Ma Banque' })
  const asked = async () => (await ask('get_bridge_item_id', { request })).message
  expect(await asked()).toEqual({
    request,
    item_id: null,
    bank: 'Ma Banque',
    status: 'pending',
    success: false,
    step: null,
  })

  const item = world.addItem(ada.user.userUuid, { created_at: bridgeTime(clock.now()) })
  await callBack({ app }, { context: request, item_id: item.id })

  expect(await asked()).toMatchObject({ item_id: item.id, status: 'completed', success: true })
})

test('an item that no visit ended with is called as its bank from the first time its details are read', async () => {
  const { app, bridge, clock, ada, ask } = await reading()
  const details = async () =>
    (await ask('get_bridge_item_details', { item_id: ada.itemId })).message
  const path = '/v3/providers/574'
  bridge.use(
    http.get(`${bridgeUrl}${path}`, () => HttpResponse.json({}, { status: 404 }), { once: true }),
  )
  expect(await details()).not.toHaveProperty('bank')
  clock.advance(11 * 60_000) // a bank that Bridge did not know is asked for anew

  expect(await details()).toMatchObject({ bank: 'Demo Bank' })
  expect(await details()).toMatchObject({ bank: 'Demo Bank' })

  expect(bridge.calls.filter((call) => call.path === path)).toHaveLength(2)
  const [item] = await app.store.listItems(ada.user.id)
  expect(item).toMatchObject({ bank: null, providerName: 'Demo Bank' })
})
