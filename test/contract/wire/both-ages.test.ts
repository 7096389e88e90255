import { describe, expect, test } from 'vitest'
import {
  aConnectedBank,
  callMethod,
  testApp,
  type ConnectedBank,
  type TestApp,
} from '../../support/app.ts'
import { aTenant, type TestKey, type TestTenant } from '../../support/tenants.ts'

/** A tenant with two sites; the same user name stands under both, each with a bank of its own. */
interface Twins extends TestApp {
  tenant: TestTenant
  first: ConnectedBank
  second: ConnectedBank
}

async function twins(): Promise<Twins> {
  const made = await testApp()
  const tenant = await aTenant(made.app, { sites: ['one.acme.test', 'two.acme.test'] })
  const [one, two] = tenant.sites
  const first = await aConnectedBank(made, one!, { user: 'anna@acme.test' })
  const second = await aConnectedBank(made, two!, { user: 'anna@acme.test' })
  return { ...made, tenant, first, second }
}

/** What each generation of the contract says about whose data it wants. */
const hints = {
  user: { user: 'anna@acme.test' },
  site: { site: 'one.acme.test' },
  both: { user: 'anna@acme.test', site: 'one.acme.test' },
  neither: {},
}

/** Every read that names an item or account, and what shows that the right one came. */
const reads: [
  name: string,
  args: (bank: ConnectedBank) => object,
  proof: (bank: ConnectedBank) => unknown,
][] = [
  [
    'get_bank_accounts',
    ({ itemId }) => ({ item_id: itemId }),
    ({ itemId }) => [{ item_id: itemId }],
  ],
  [
    'get_bridge_item_details',
    ({ itemId }) => ({ item_id: itemId }),
    ({ itemId }) => ({ item_id: itemId, user: 'anna@acme.test' }),
  ],
  [
    'get_bank_transactions_by_account',
    ({ accountId }) => ({ account_id: accountId }),
    ({ transactionId }) => [{ id: transactionId }],
  ],
  [
    'get_bank_transactions',
    ({ itemId }) => ({ item_id: itemId }),
    ({ transactionId }) => [{ id: transactionId }],
  ],
  ['post_item_refresh', ({ itemId }) => ({ item_id: itemId }), () => ({ refreshed: false })],
  [
    'delete_bridge_item_id',
    ({ itemId }) => ({ item_id: itemId }),
    ({ itemId }) => ({ item_id: itemId, deleted: true }),
  ],
]

const call = ({ app }: TestApp, name: string, args: object, as: TestKey) =>
  callMethod(app, name, args, { as })

describe.each(Object.entries(hints))('named by %s', (_how, hint) => {
  test.each(reads)('%s answers a site key and a tenant key', async (name, args, proof) => {
    const made = await twins()

    for (const key of [made.tenant.siteKey, made.tenant.tenantKey]) {
      if (name === 'delete_bridge_item_id' && key === made.tenant.siteKey) continue
      const { message } = await call(made, name, { ...args(made.first), ...hint }, key)
      expect(message).toMatchObject(proof(made.first) as object)
    }
  })

  test('get_bank_transactions answers a site key for its only user', async () => {
    const made = await twins()

    const { message } = await call(made, 'get_bank_transactions', hint, made.tenant.siteKey)

    expect(message).toMatchObject([{ id: made.first.transactionId }])
  })
})

test.each([
  ['site', { site: 'two.acme.test' }],
  ['both', { user: 'anna@acme.test', site: 'two.acme.test' }],
])('a tenant key reaches the right one of two users of one name by %s', async (_how, hint) => {
  const made = await twins()

  const { message } = await call(made, 'get_bank_transactions', hint, made.tenant.tenantKey)

  expect(message).toMatchObject([{ id: made.second.transactionId }])
})

test('the item decides between two users of one name', async () => {
  const made = await twins()
  const args = { item_id: made.second.itemId, user: 'anna@acme.test' }

  const { message } = await call(made, 'get_bank_accounts', args, made.tenant.tenantKey)

  expect(message).toMatchObject([{ id: made.second.accountId }])
})

test.each([{ user: 'anna@acme.test' }, {}])(
  'where two users fit and nothing decides, the error says what to add: %o',
  async (hint) => {
    const made = await twins()

    const answer = await call(made, 'get_bank_transactions', hint, made.tenant.tenantKey)

    expect(answer.status).toBe(417)
    expect(answer.body.exception).toMatch(/say which one with '(site|user)'/)
  },
)

test.each(reads)('%s refuses a user or site that is not the item’s', async (name, args) => {
  const made = await twins()

  for (const hint of [{ user: 'bert@acme.test' }, { site: 'two.acme.test' }]) {
    const wrong = { ...args(made.first), ...hint }
    const { status } = await call(made, name, wrong, made.tenant.tenantKey)
    expect(status).toBe(404)
  }
})

test('a site key does not reach the other site by any name', async () => {
  const made = await twins()
  const { itemId } = made.second

  for (const hint of [{}, { site: 'two.acme.test' }, { user: made.second.user.userUuid }]) {
    const args = { item_id: itemId, ...hint }
    const answer = await call(made, 'get_bank_accounts', args, made.tenant.siteKey)
    expect(answer.status).toBe(404)
  }
})

// The row was updated at 2025-03-10T04:12:05Z, which is 05:12:05 in Paris.
test.each([
  ['a date', '2025-03-10', 1],
  ['the next date', '2025-03-11', 0],
  ['a datetime as Frappe writes it', '2025-03-10 05:12:00', 1],
  ['a later datetime', '2025-03-10 05:12:10.000120', 0],
  ['a datetime with its zone', '2025-03-10T04:12:00Z', 1],
])('since takes %s', async (_what, since, count) => {
  const made = await twins()

  const { message } = await call(made, 'get_bank_transactions', { since }, made.tenant.siteKey)

  expect(message).toHaveLength(count)
})

test.each([String, Number])('ids are taken as what %o makes of them', async (written) => {
  const made = await twins()
  const { itemId, accountId, transactionId } = made.first
  const as = made.tenant.siteKey

  const accounts = await call(made, 'get_bank_accounts', { item_id: written(itemId) }, as)
  const rows = await call(
    made,
    'get_bank_transactions_by_account',
    { account_id: written(accountId) },
    as,
  )
  const bank = await call(made, 'get_single_bank', { bank_id: written(574) }, as)

  expect(accounts.message).toMatchObject([{ id: accountId }])
  expect(rows.message).toMatchObject([{ id: transactionId }])
  expect(bank.message).toMatchObject({ id: 574 })
})
