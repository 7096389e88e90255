import { http, HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { aConnectedBank, bridgeTime, callMethod, testApp, type TestApp } from '../../support/app.ts'
import { aBridgeTransaction, bridgeUrl } from '../../support/bridge.ts'
import { testClock } from '../../support/clock.ts'
import { aTenant } from '../../support/tenants.ts'

async function reading({
  env = {},
  timeZone,
}: { env?: Record<string, string>; timeZone?: string } = {}) {
  const machine = testClock()
  const clock = createMovableClock(machine)
  const made = await testApp({ env, clock, time: { ...machine, listen: () => () => {} } })
  const acme = await aTenant(made.app)
  const by = { actor: 'test', at: 0 }
  if (timeZone) await made.app.store.updateSite(acme.site.id, { timeZone }, by)
  const ada = await aConnectedBank(made, acme.site, { user: 'ada' })
  const ask = (params: object = {}, method = 'get_bank_transactions') =>
    callMethod(made.app, method, params, { as: acme.siteKey })
  /** The query of the last read of transactions. */
  const asked = () =>
    made.bridge.calls.findLast(({ path }) => path === '/v3/aggregation/transactions')?.query
  const pages = () =>
    made.bridge.calls.filter(({ path }) => path === '/v3/aggregation/transactions')
  /** Sets the machine's clock, which is no time that passes. */
  const setClock = (byMs: number) => machine.advance(byMs)
  return { ...made, acme, ada, ask, asked, pages, setClock }
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
  expect(await ask({ item_id, account_id })).toMatchObject({ message: [{ id }] })
  expect(await ask({ item_id: ada.itemId, account_id })).toMatchObject({
    status: 417,
    body: {
      exception: expect.stringContaining(
        "Argument 'account_id' is not valid: expected an account of 'item_id'",
      ) as unknown,
    },
  })
})

test.each([
  ['min_date', 'max_date', '2026-11-01', '2026-10-01'],
  ['since', 'until', '2026-11-30', '2026-01-01'],
  ['since', 'until', '2026-02-01 08:00', '2026-01-31 08:00+02:00'],
])('%s after %s is refused, and not an empty list', async (first, last, from, to) => {
  const { ada, ask } = await reading()
  const range = { [first]: from, [last]: to }

  for (const method of ['get_bank_transactions', 'get_bank_transactions_by_account']) {
    const { status, text } = await ask({ account_id: ada.accountId, ...range }, method)

    expect(status).toBe(417)
    expect(text).toContain(`Argument '${first}' is not valid: expected no later than '${last}'`)
  }
})

test.each([
  { min_date: '2026-11-01', max_date: '2026-11-01' },
  { since: '2026-11-01', until: '2026-11-01' },
  { min_date: '2026-11-02', max_date: '2026-11-01' },
  { since: '2099-01-01' },
])('%j is a range, if an empty one', async (range) => {
  const { ask } = await reading()

  expect(await ask(range)).toMatchObject({ status: 200, message: [] })
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
async function tooMany(days: number, env: Record<string, string> = {}) {
  const made = await reading({ env: { MAX_TRANSACTIONS: '1000', ...env } })
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

test('too many are refused at the limit, never cut, with a date range that fits', async () => {
  const { ask, pages } = await tooMany(10)

  const answer = await ask()

  expect(answer).toMatchObject({ status: 417, body: { exc_type: 'ValidationError' } })
  expect(answer.body.exception).toContain('more than 1000 transactions')
  expect(pages()).toHaveLength(3)
  const [, min_date] = /min_date=([\d-]+)/.exec(answer.body.exception) ?? []
  expect(min_date).toBe('2025-03-07')
  expect((await ask({ min_date })).message).toHaveLength(900)
})

test('a range that is named holds no more than one answer, where that is no whole number of pages', async () => {
  const { ask } = await tooMany(10, { MAX_TRANSACTIONS: '700' })

  const { body } = await ask()

  expect(body.exception).toContain('min_date=2025-03-08')
  expect((await ask({ min_date: '2025-03-08' })).message).toHaveLength(600)
})

test('a range is named only as long as what the user’s calls still reach', async () => {
  const { ask } = await tooMany(10, { QUOTA_USER_PER_MINUTE: '6' }) // three of them to see that it is too much

  const { body } = await ask()

  expect(body.exception).toContain('min_date=2025-03-09')
  expect((await ask({ min_date: '2025-03-09' })).message).toHaveLength(300)
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

test('where rows do not come newest first, no range is made up from some of them', async () => {
  const { world, ada, ask } = await reading({ env: { MAX_TRANSACTIONS: '500' } })
  world.transactions.clear()
  for (let row = 0; row < 600; row += 1) {
    const date = bridgeTime(Date.UTC(2025, 2, 1) + row * 3_600_000).slice(0, 10)
    world.addTransaction(ada.accountId, { date })
  }

  const { body } = await ask()

  expect(body.exception).toContain('ask for a shorter range, or by account_id')
})

test.each([
  [{ account: true }, 'ask for a shorter range'],
  [{ day: true }, 'ask by account_id'],
  [{ account: true, day: true }, 'the administrator of Bank API can raise MAX_TRANSACTIONS'],
])('what was asked for already is not advised: %o', async ({ account, day }: Asked, advice) => {
  const { world, ada, ask } = await reading({ env: { MAX_TRANSACTIONS: '500' } })
  for (let row = 0; row < 600; row += 1) world.addTransaction(ada.accountId)
  const args = {
    ...(account && { account_id: ada.accountId }),
    ...(day && { min_date: '2025-03-09', max_date: '2025-03-09' }),
  }

  const [english, french] = [await ask(args), await ask({ ...args, lang: 'fr' })]

  expect(english.body.exception).toMatch(new RegExp(`: ${advice}$`))
  expect(french.body.exception).toMatch(
    /plus de 500 opérations.*\u00a0: (demandez|l’administrateur)/,
  )
})

interface Asked {
  account?: boolean
  day?: boolean
}

test('a row that Bridge gives twice is given once, as it came last', async () => {
  const { bridge, ada, ask } = await reading()
  const path = '/v3/aggregation/transactions'
  const row = (id: number, amount: number) =>
    aBridgeTransaction({ id, amount, account_id: ada.accountId })
  bridge.use(
    http.get(`${bridgeUrl}${path}`, ({ request }) =>
      request.url.includes('after')
        ? HttpResponse.json({ resources: [row(2, 22), row(3, 3)], pagination: {} })
        : HttpResponse.json({
            resources: [row(1, 1), row(2, 2)],
            pagination: { next_uri: `${path}?after=2` },
          }),
    ),
  )

  const { message } = await ask()

  expect(message).toMatchObject([
    { id: 1, amount: 1 },
    { id: 2, amount: 22 },
    { id: 3, amount: 3 },
  ])
})

test('when a later page fails, the answer is an error and no shorter list', async () => {
  const { bridge, world, ada, ask } = await reading()
  for (let more = 0; more < 1_100; more += 1) world.addTransaction(ada.accountId)
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/transactions`, ({ request }) =>
      request.url.includes('after=1000') ? HttpResponse.json({ pages: 'none' }) : undefined,
    ),
  )

  const answer = await ask()

  expect(answer).toMatchObject({ status: 502, message: undefined })
})

/** A read that needs more calls than its user has left this minute. */
async function spentMinute() {
  const made = await reading({ env: { QUOTA_USER_PER_MINUTE: '9' } })
  for (let more = 0; more < 2_000; more += 1) made.world.addTransaction(made.ada.accountId)
  for (let calls = 0; calls < 6; calls += 1) await made.ask({ min_date: '2025-03-10' })
  return made
}

/** By how much the machine's clock is set meanwhile. */
const set = [0, -600_000, 600_000]

test.each(set)(
  'a read waits for its user’s next minute where that comes in time (%i)',
  async (by) => {
    const { app, clock, ask, setClock } = await spentMinute()
    clock.advance(30_000)
    setClock(by)

    const answer = ask()
    await expect.poll(async () => (await app.bridgeStatus()).quota.waiting > 0).toBe(true)
    clock.advance(35_000)

    expect((await answer).message).toHaveLength(2_001)
  },
)

test.each(set)(
  'where it does not, it ends at once and names when all of it fits (%i)',
  async (by) => {
    const { clock, ask, pages, setClock } = await spentMinute()
    setClock(by)

    const answer = await ask()

    expect(answer).toMatchObject({ status: 429, body: { exc_type: 'TooManyRequestsError' } })
    expect(pages()).toHaveLength(9)
    const [, seconds] = /in (\d+) seconds/.exec(answer.body.exception) ?? []
    clock.advance(Number(seconds) * 1_000)
    expect((await ask()).message).toHaveLength(2_001)
  },
)

/** Begins these calls, and lets Bridge answer for transactions once all of them have come to ask. */
async function together<Calls extends (() => Promise<unknown>)[]>(
  { bridge }: Pick<TestApp, 'bridge'>,
  calls: [...Calls],
): Promise<{ [Index in keyof Calls]: Awaited<ReturnType<Calls[Index]>> }> {
  const gate = Promise.withResolvers<void>()
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/transactions`, async () => {
      await gate.promise
    }),
  )
  const begun = calls.map((call) => call())
  for (let turn = 0; turn < 200; turn += 1) await new Promise((next) => setImmediate(next))
  gate.resolve()
  return (await Promise.all(begun)) as { [Index in keyof Calls]: Awaited<ReturnType<Calls[Index]>> }
}

test('a range for one bank counts what has to be walked for it, which is all of the user’s', async () => {
  const made = await tooMany(10, { QUOTA_USER_PER_MINUTE: '10' }) // six calls to see that it is too much
  const other = made.world.addAccount(made.world.addItem(made.ada.user.userUuid).id)
  const rows = [...made.world.transactions.values()]
  made.world.transactions.clear()
  for (const { date } of rows) {
    made.world.addTransaction(made.ada.accountId, { date })
    made.world.addTransaction(other.id, { date })
  }

  const { body } = await made.ask({ item_id: made.ada.itemId })

  const [, min_date] = /min_date=([\d-]+)/.exec(body.exception) ?? []
  expect(min_date).toBe('2025-03-09') // 600 rows, two pages; four calls are left
  const answer = await made.ask({ item_id: made.ada.itemId, min_date })
  expect(answer.message).toHaveLength(300)
})

test('one bank’s transactions among more than any minute reaches are refused, with what to ask for, and when', async () => {
  const { world, clock, ada, ask, pages } = await reading({ env: { QUOTA_USER_PER_MINUTE: '9' } })
  const readable = (9 - 4) * 500
  const other = world.addAccount(world.addItem(ada.user.userUuid).id)
  for (let row = 0; row < readable + 500; row += 1) world.addTransaction(other.id)

  const english = await ask({ item_id: ada.itemId })

  expect(english.status).toBe(417)
  expect(english.body.exception).toContain(
    'more than 2500 transactions to look through: in 61 seconds, ask for a shorter range, or by account_id',
  )
  expect(pages()).toHaveLength(6)
  clock.advance(61_000)
  expect((await ask({ account_id: ada.accountId })).message).toHaveLength(1)
})

describe('equal calls at the same time', () => {
  test('read once, whatever their envelopes', async () => {
    const { app, acme, pages, ask, bridge } = await reading()
    const version2 = () =>
      app.inject({
        url: '/api/v2/method/bank_api.bridge.get_bank_transactions',
        headers: { authorization: acme.siteKey.authorization },
      })

    await ask() // so that neither token nor categories are waited for
    const [one, other, third] = await together({ bridge }, [ask, ask, version2])

    expect(pages()).toHaveLength(2)
    expect(other.text).toBe(one.text)
    expect(third.json()).toEqual({ data: one.message })
  })

  test('read each for itself when they differ in anything that the answer shows', async () => {
    const { app, acme, ada, bridge, pages, world } = await reading()
    const { id: item_id } = world.addItem(ada.user.userUuid)
    world.addTransaction(world.addAccount(item_id).id)
    const headers = { 'bridge-version': '2021-06-01' }
    const as = (args: object, more = {}) =>
      callMethod(app, 'get_bank_transactions', args, { as: acme.siteKey, headers: more })

    await as({ lang: 'fr' })
    await as({ item_id: ada.itemId })
    const before = pages().length
    const [all, some, french, old] = await together({ bridge }, [
      () => as({}),
      () => as({ item_id: ada.itemId }),
      () => as({ lang: 'fr' }),
      () => as({}, headers),
    ])

    expect(all.message).toHaveLength(2)
    expect(some.message).toHaveLength(1)
    expect(french.message[0].category).toBe('Supermarché')
    expect(old.message[0]).toHaveProperty('bank_description')
    expect(all.message[0]).not.toHaveProperty('bank_description')
    expect(pages()).toHaveLength(before + 1) // Bridge is asked the same for all of them
  })

  test('each name their own freshness, and whose they are is settled for each', async () => {
    const { app, acme, ask } = await reading()
    const other = await aTenant(app, { name: 'globex', sites: ['erp.globex.test'] })

    const [ours, theirs] = await Promise.all([
      ask({ user: 'ada' }),
      callMethod(app, 'get_bank_transactions', { user: 'ada' }, { as: other.siteKey }),
    ])

    expect(ours.headers).toHaveProperty('x-bank-api-data-as-of')
    expect(theirs.status).toBe(404)
    expect(acme.site.id).not.toBe(other.site.id)
  })
})
