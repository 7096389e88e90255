import { expect, test } from 'vitest'
import { aHeldBank, bridgeTime, callMethod, testApp } from '../support/app.ts'
import { aTenant } from '../support/tenants.ts'

async function reading({
  env = {},
  timeZone,
}: { env?: Record<string, string>; timeZone?: string } = {}) {
  const made = await testApp({ env })
  const acme = await aTenant(made.app)
  const by = { actor: 'test', at: 0 }
  if (timeZone) await made.app.store.updateSite(acme.site.id, { timeZone }, by)
  const ada = await aHeldBank(made, acme.site, { user: 'ada' })
  const ask = (params: object = {}, method = 'get_bank_transactions') =>
    callMethod(made.app, method, params, { as: acme.siteKey })
  /** The query of the last read of transactions. */
  const asked = () =>
    made.bridge.calls.findLast(({ path }) => path === '/v3/aggregation/transactions')?.query
  return { ...made, acme, ada, ask, asked }
}

test('each transaction has its category’s name in the caller’s language; one without category null', async () => {
  const { world, bridge, ada, ask } = await reading()
  world.addTransaction(ada.accountId, { category_id: null })
  world.addTransaction(ada.accountId, { category_id: 999 })

  const { message } = await ask({ lang: 'fr' })

  expect(message.map(({ category }: { category: string }) => category)).toEqual([
    'Supermarché',
    null,
    null,
  ])
  const tree = bridge.calls.find(({ path }) => path.endsWith('/categories'))
  expect(tree?.headers.get('accept-language')).toBe('fr')
})

test('all of Bridge’s pages are given, in Bridge’s order', async () => {
  const { world, ada, ask, bridge } = await reading()
  for (let more = 0; more < 1_100; more += 1) world.addTransaction(ada.accountId)

  const { message } = await ask({ account_id: ada.accountId }, 'get_bank_transactions_by_account')

  expect(message.map(({ id }: { id: number }) => id)).toEqual([...world.transactions.keys()])
  expect(bridge.calls.filter(({ path }) => path.endsWith('/transactions'))).toHaveLength(3)
})

test('transactions may be narrowed to an item or an account', async () => {
  const { world, ada, ask } = await reading()
  const { id: item_id } = world.addItem(ada.user.userUuid)
  const { id: account_id } = world.addAccount(item_id)
  const { id } = world.addTransaction(account_id)
  await ask({ item_id, user: 'ada' })

  expect((await ask()).message).toHaveLength(2)
  expect((await ask({ item_id })).message).toMatchObject([{ id }])
  expect((await ask({ account_id })).message).toMatchObject([{ id }])
  expect((await ask({ item_id: ada.itemId, account_id })).message).toEqual([])
})

test('deleted rows come with since, and say so', async () => {
  const { world, ada, ask } = await reading()
  const { id } = world.addTransaction(ada.accountId, { deleted: true })

  expect((await ask()).message).toHaveLength(1)
  expect((await ask({ since: '2025-03-01' })).message).toContainEqual(
    expect.objectContaining({ id, deleted: true }),
  )
})

test('a row changed in the very second of since is not lost to Bridge’s strict bound', async () => {
  const { world, ada, ask } = await reading()
  const at = Date.UTC(2025, 2, 9, 8, 0, 0)
  const { id } = world.addTransaction(ada.accountId, { updated_at: bridgeTime(at) })

  const { message } = await ask({ since: bridgeTime(at) })

  expect(message.map((row: { id: number }) => row.id)).toContain(id)
})

// Europe/Paris is an hour ahead of UTC in winter, two in summer; clocks change at 01:00 UTC.
test.each([
  { since: '2025-03-10', utc: '2025-03-09T23:00:00.000Z' },
  { since: '2025-07-01', utc: '2025-06-30T22:00:00.000Z' },
  { since: '2025-07-01 08:30:00', utc: '2025-07-01T06:30:00.000Z' },
  { since: '2025-07-01T08:30:00.123456', utc: '2025-07-01T06:30:00.123Z' },
  { since: '2025-07-01T08:30:00Z', utc: '2025-07-01T08:30:00.000Z' },
  { since: '2025-07-01 08:30:00+05:30', utc: '2025-07-01T03:00:00.000Z' },
  // The day it becomes summer: 02:00 to 03:00 is not.
  { since: '2025-03-30', utc: '2025-03-29T23:00:00.000Z' },
  { since: '2025-03-31', utc: '2025-03-30T22:00:00.000Z' },
  { since: '2025-03-30 02:30:00', utc: '2025-03-30T00:30:00.000Z' },
  // The day it becomes winter: 02:00 to 03:00 is twice, and the earlier is meant.
  { since: '2025-10-26', utc: '2025-10-25T22:00:00.000Z' },
  { since: '2025-10-27', utc: '2025-10-26T23:00:00.000Z' },
  { since: '2025-10-26 02:30:00', utc: '2025-10-26T00:30:00.000Z' },
])('since $since is $utc on a site in Paris', async ({ since, utc }) => {
  const { ask, asked } = await reading()

  expect((await ask({ since })).status).toBe(200)

  expect(asked()?.['since']).toBe(bridgeTime(Date.parse(utc) - 1_000))
})

test.each(['2025-07-01T08:30:00[America/New_York]', '2025-07-01[UTC]', '2025-07-01[u-ca=hebrew]'])(
  'since %s is refused, for its brackets would be passed over',
  async (since) => {
    const { ask } = await reading()

    expect(await ask({ since })).toMatchObject({
      status: 417,
      body: { exc_type: 'ValidationError' },
    })
  },
)

test('since is read in the site’s own time zone', async () => {
  const { ask, asked, ada } = await reading({ timeZone: 'America/Martinique' })

  await ask({ since: '2025-03-10' })
  expect(asked()?.['since']).toBe('2025-03-10T03:59:59.000Z')
  await ask({ since: '2025-03-10', account_id: ada.accountId }, 'get_bank_transactions_by_account')
  expect(asked()?.['since']).toBe('2025-03-10T03:59:59.000Z')
})

test('until and the dates reach Bridge; until is taken as it is', async () => {
  const { ask, asked } = await reading()

  await ask({ until: '2025-03-10', min_date: '2025-01-01', max_date: '2025-02-28' })

  expect(asked()).toMatchObject({
    until: '2025-03-09T23:00:00.000Z',
    min_date: '2025-01-01',
    max_date: '2025-02-28',
  })
})

/** More transactions than one answer holds: 300 a day, the last on 9 March. */
async function tooMany(days: number) {
  const made = await reading({ env: { MAX_TRANSACTIONS: '1000' } })
  made.world.transactions.clear()
  for (let day = 0; day < days; day += 1) {
    const date = bridgeTime(Date.UTC(2025, 2, 9) - day * 24 * 3_600_000).slice(0, 10)
    for (let row = 0; row < 300; row += 1) made.world.addTransaction(made.ada.accountId, { date })
  }
  return made
}

test('exactly as many as one answer holds are given', async () => {
  const { world, ada, ask } = await reading({ env: { MAX_TRANSACTIONS: '500' } })
  while (world.transactions.size < 500) world.addTransaction(ada.accountId)

  expect((await ask()).message).toHaveLength(500)
  world.addTransaction(ada.accountId)
  expect((await ask()).status).toBe(417)
})

test('too many are refused, never cut, with a date range that fits', async () => {
  const { ask } = await tooMany(10)

  const answer = await ask()

  expect(answer).toMatchObject({ status: 417, body: { exc_type: 'ValidationError' } })
  expect(answer.body.exception).toContain('3000 transactions')
  const [, min_date] = /min_date=([\d-]+)/.exec(answer.body.exception) ?? []
  expect(min_date).toBe('2025-03-07')
  expect((await ask({ min_date })).message).toHaveLength(900)
})

test('all can be had by following the advice, range by range', async () => {
  const { world, ask } = await tooMany(7)
  const seen = new Set<number>()
  let max_date: string | undefined
  for (let rounds = 0; rounds < 5; rounds += 1) {
    let answer = await ask({ max_date })
    let min_date: string | undefined
    if (answer.status === 417) {
      min_date = /min_date=([\d-]+)/.exec(answer.body.exception)![1]!
      answer = await ask({ min_date, max_date })
    }
    expect(answer.status).toBe(200)
    for (const { id } of answer.message) seen.add(id)
    if (min_date === undefined) break
    max_date = bridgeTime(Date.parse(min_date) - 24 * 3_600_000).slice(0, 10)
  }

  expect(seen.size).toBe(world.transactions.size)
})

test('when one day is too much, an account that fits is named', async () => {
  const { world, ada, ask } = await reading({ env: { MAX_TRANSACTIONS: '500' } })
  const { id: item_id } = world.addItem(ada.user.userUuid)
  const { id: small } = world.addAccount(item_id)
  for (let row = 0; row < 100; row += 1) world.addTransaction(small)
  for (let row = 0; row < 600; row += 1) world.addTransaction(ada.accountId)

  const answer = await ask()
  const [, account_id] = /account_id=(\d+)/.exec(answer.body.exception) ?? []

  expect(Number(account_id)).toBe(small)
  expect((await ask({ account_id, user: 'ada' })).message).toHaveLength(100)
})

test('when nothing fits, the operator’s setting is named', async () => {
  const { world, ada, ask } = await reading({ env: { MAX_TRANSACTIONS: '500' } })
  for (let row = 0; row < 600; row += 1) world.addTransaction(ada.accountId)

  expect((await ask()).body.exception).toContain('MAX_TRANSACTIONS')
})
