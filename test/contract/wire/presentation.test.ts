import { expect, test } from 'vitest'
import { defaultPresentation, type Presentation } from '../../../src/db/ports/keys.ts'
import { callMethod, type Json } from '../../support/app.ts'
import { aServedSite, type Served } from './served.ts'

/** A site whose key asks for a presentation; `read` calls as that site. */
async function aSiteThatWants(wanted: Partial<Presentation>) {
  const served = await aServedSite()
  const by = { actor: 'test', at: served.app.clock.now() }
  await served.app.store.changeKey(served.key.apiKey, { kind: 'updated', presentation: wanted }, by)
  return { served, read: reader(served) }
}

const reader =
  (served: Served) =>
  async (name: string, args: object = {}, headers: Record<string, string> = {}): Promise<Json> => {
    const { message } = await callMethod(served.app, name, args, { as: served.key, headers })
    return message
  }

test('2021-06-01: accounts have the old fields and their item’s status', async () => {
  const { served, read } = await aSiteThatWants({ bridgeVersion: '2021-06-01' })
  const { itemId, accountId } = served.bank

  const [account] = await read('get_bank_accounts', { item_id: itemId })

  expect(account).toEqual({
    id: accountId,
    name: 'Compte courant',
    balance: 1678.12,
    status: 0,
    status_code_info: null,
    status_code_description: null,
    updated_at: '2025-03-10T04:12:05.118Z',
    type: 'checking',
    currency_code: 'EUR',
    item_id: itemId,
    bank_id: 574,
    loan_details: null,
    savings_details: null,
    is_pro: false,
    iban: served.world.accounts.get(accountId)!.iban,
  })
})

test.each([
  ['get_bank_transactions', () => ({})],
  [
    'get_bank_transactions_by_account',
    ({ bank }: Served) => ({ account_id: bank.accountId, user: bank.user.userUuid }),
  ],
])('2021-06-01: %s has the old fields, and our category', async (name, args) => {
  const { served, read } = await aSiteThatWants({ bridgeVersion: '2021-06-01' })

  const [row] = await read(name, args(served))

  expect(row).toEqual({
    id: served.bank.transactionId,
    clean_description: 'Marché Bio',
    bank_description: 'PAIEMENT PAR CARTE 08/03/2025 MARCHE BIO',
    amount: -6.92,
    date: '2025-03-09',
    booking_date: '2025-03-09',
    transaction_date: '2025-03-08',
    value_date: '2025-03-09',
    updated_at: '2025-03-10T04:12:05.118Z',
    currency_code: 'EUR',
    is_deleted: false,
    category_id: 273,
    account_id: served.bank.accountId,
    is_future: false,
    show_client_side: true,
    category: 'Supermarché',
  })
})

test('2021-06-01: a document of an item ends with the old item, its nulls explicit', async () => {
  const { served, read } = await aSiteThatWants({ bridgeVersion: '2021-06-01' })
  const { itemId } = served.bank
  served.world.items.get(itemId)!.status = 1010
  served.world.items.get(itemId)!.status_code_info = 'otp_required'

  const document = await read('get_bridge_item_details', { item_id: itemId })

  expect(document).toMatchObject({ doctype: 'Bridge Item', item_id: itemId, site: 'erp.acme.test' })
  expect(document).toMatchObject({
    id: itemId,
    status: 1010,
    status_code_info: 'OTP_REQUIRED',
    status_code_description: null,
    bank_id: 574,
  })
  expect(document).not.toHaveProperty('provider_id')
})

test('2021-06-01: an item that is healthy has no status info, as its accounts have none', async () => {
  const { served, read } = await aSiteThatWants({ bridgeVersion: '2021-06-01' })
  const { itemId } = served.bank
  const infos = async () => {
    const { status_code_info } = await read('get_bridge_item_details', { item_id: itemId })
    const [account] = await read('get_bank_accounts', { item_id: itemId })
    return [status_code_info, account.status_code_info]
  }
  const healthy = await infos()
  Object.assign(served.world.items.get(itemId)!, { status: 1003, status_code_info: 'bank_is_down' })

  expect(healthy).toEqual([null, null])
  expect(await infos()).toEqual(['BANK_IS_DOWN', 'BANK_IS_DOWN'])
})

test('2021-06-01: a bank and a category have the old fields', async () => {
  const { read } = await aSiteThatWants({ bridgeVersion: '2021-06-01' })

  expect(await read('get_single_bank', { bank_id: '574' })).toMatchObject({
    id: 574,
    name: 'Demo Bank',
    logo_url: 'https://img.bridge.test/demo-bank.png',
    parent_name: 'Demo Bank',
    capabilities: ['ais'],
    form: [],
    primary_color: null,
  })
  expect(await read('get_category', { category_id: 273 })).toEqual({
    id: 273,
    name: 'Supermarché',
    parent_id: 162,
  })
  expect(await read('get_category')).toEqual([
    {
      id: 162,
      name: 'Alimentation',
      parent_id: null,
      categories: [{ id: 273, name: 'Supermarché', parent_id: 162 }],
    },
  ])
})

const lists = [
  ['get_bank_accounts', ({ bank }: Served) => ({ item_id: bank.itemId })],
  ['get_bank_transactions', () => ({})],
  ['get_bank_transactions_by_account', ({ bank }: Served) => ({ account_id: bank.accountId })],
  ['get_category', () => ({})],
] as const

test.each(lists)('envelope: %s comes as Bridge’s own lists do, complete', async (name, args) => {
  const { served, read } = await aSiteThatWants({ lists: 'envelope' })
  const bare = await read(name, args(served)).then(({ resources }) => resources as Json[])

  const ours = await read(name, args(served))
  const old = await read(name, args(served), { 'bridge-version': '2021-06-01' })

  expect(ours).toEqual({ resources: bare, pagination: {} })
  expect(old.pagination).toEqual({ previous_uri: null, next_uri: null })
  expect(old.resources.map(({ id }: Json) => id)).toEqual(bare.map(({ id }) => id))
})

test.each([
  ['get_bridge_connect_link', () => ({})],
  ['get_pro_confirmation_link', () => ({})],
  ['get_bridge_edit_link', ({ bank }: Served) => ({ item_id: bank.itemId })],
  ['get_sca_authentication_link', ({ bank }: Served) => ({ item_id: bank.itemId })],
])('url: %s is the bare address', async (name, args) => {
  const { served, read } = await aSiteThatWants({ links: 'url' })
  const order = { redirect_url: 'https://erp.acme.test/app', email: 'u@acme.test' }

  const link = await read(name, { ...order, ...args(served) })

  expect(link).toBe(served.world.sessions.at(-1)!.url)
})

test('a Bridge-Version header overrides the key, in both directions', async () => {
  const { served, read } = await aSiteThatWants({ bridgeVersion: '2021-06-01' })
  const args = { item_id: served.bank.itemId }
  const old = await read('get_bank_accounts', args)
  const present = await read('get_bank_accounts', args, { 'bridge-version': '2025-01-15' })
  const by = { actor: 'test', at: served.app.clock.now() }
  await served.app.store.changeKey(
    served.key.apiKey,
    { kind: 'updated', presentation: defaultPresentation },
    by,
  )

  expect(present[0]).toHaveProperty('provider_id', 574)
  expect(await read('get_bank_accounts', args)).toEqual(present)
  expect(await read('get_bank_accounts', args, { 'bridge-version': '2021-06-01' })).toEqual(old)
})

test.each(['2019-02-18', '', '2021-06-01, 2025-01-15'])(
  'a Bridge-Version we do not know is refused with the two we do: %o',
  async (version) => {
    const served = await aServedSite()

    const answer = await callMethod(
      served.app,
      'get_bank_accounts',
      { item_id: served.bank.itemId },
      { as: served.key, headers: { 'bridge-version': version } },
    )

    expect(answer.status).toBe(417)
    expect(answer.body.exception).toBe(
      'frappe.exceptions.ValidationError: Bridge-Version is 2025-01-15 or 2021-06-01',
    )
  },
)

test('Bridge is called as 2025-01-15 whatever the key wants', async () => {
  const { served, read } = await aSiteThatWants({ bridgeVersion: '2021-06-01' })

  await read('get_bank_accounts', { item_id: served.bank.itemId })

  const versions = served.bridge.calls.map(({ headers }) => headers.get('bridge-version'))
  expect(new Set(versions)).toEqual(new Set(['2025-01-15']))
})
