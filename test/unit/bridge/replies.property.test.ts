import { expect, test } from 'vitest'
import { http, HttpResponse } from 'msw'
import * as fc from 'fast-check'
import {
  aBridgeAccount,
  aBridgeItem,
  aBridgeTransaction,
  aBridgeUser,
  aCategory,
  aProvider,
  bridgeUrl,
} from '../../support/bridge.ts'
import { parseBridgeEvent } from '../../../src/bridge/events/webhook-events.ts'
import { bridgeVersions } from '../../../src/db/ports/keys.ts'
import { aConnectedBank, bridgeTime, callBack, callMethod, testApp } from '../../support/app.ts'
import { aRequest, aTenant } from '../../support/tenants.ts'
import { collect, testClient } from './test-client.ts'
import { inForm } from '../../support/form.ts'

const aggregation = `${bridgeUrl}/v3/aggregation`
const loan_details = { type: 'Prêt', interest_rate: 1.25, next_payment_date: '2025-04-30' }

/** Of any type: what JSON can say, and what has its traps for whoever reads it as text, a number or a time. */
const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>('1.5', 'NaN', '', 2 ** 53, -0.5, true, [null], ['x'], [{}], {}),
  fc.constantFrom('+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00.000Z', '2025-02-30'),
)

/** The object with each optional field kept, left out or of any type, and with fields nobody has announced. */
function variantsOf(
  whole: Record<string, unknown>,
  required: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const kept = fc.record({ keep: fc.constant(true) })
  const other = fc.record({ value: fc.oneof(fc.constant(undefined), fc.constant(null), anything) })
  const fates = Object.fromEntries(
    Object.keys(whole).map((name) => [
      name,
      required.includes(name) ? kept : fc.oneof(kept, other),
    ]),
  )
  const strange = fc.dictionary(
    fc.string().map((name) => `x_${name}`),
    fc.jsonValue(),
  )
  return fc.tuple(fc.record(fates), strange).map(([fate, extra]) => {
    const known = Object.entries(whole).map(([name, value]) => {
      const { [name]: end } = fate
      return [name, end && 'value' in end ? end.value : value]
    })
    // As JSON would bring it: it knows no minus zero, and leaves out what is undefined.
    return JSON.parse(JSON.stringify({ ...extra, ...Object.fromEntries(known) }))
  })
}

type Client = ReturnType<typeof testClient>['client']

/** Each call with the reply it reads, how it is wrapped, and what must not be missing. */
const calls: {
  name: string
  reply: Record<string, unknown>
  required: string[]
  url: string
  listed?: boolean
  call: (client: Client, uuid: string) => Promise<unknown>
}[] = [
  {
    name: 'an item',
    reply: aBridgeItem({ id: 1, status_code_description: 'text' }),
    required: ['id', 'status'],
    url: `${aggregation}/items/1`,
    call: (client, uuid) => client.items.get(uuid, 1),
  },
  {
    name: 'a list of items',
    reply: aBridgeItem(),
    required: ['id', 'status'],
    url: `${aggregation}/items`,
    listed: true,
    call: (client, uuid) => client.items.list(uuid),
  },
  {
    name: 'a list of accounts',
    reply: aBridgeAccount({ loan_details }),
    required: ['id', 'item_id'],
    url: `${aggregation}/accounts`,
    listed: true,
    call: (client, uuid) => client.accounts.list(uuid),
  },
  {
    name: 'a list of transactions',
    reply: aBridgeTransaction({ bridge_payment_information: { payment_link_id: 'x' } }),
    required: ['id', 'account_id'],
    url: `${aggregation}/transactions`,
    listed: true,
    call: async (client, uuid) => (await collect(client.transactions.pages(uuid))).flat(),
  },
  {
    name: 'a provider',
    reply: aProvider({ id: 1, payment_metadata: { release_status: 'beta' } }),
    required: ['id'],
    url: `${bridgeUrl}/v3/providers/1`,
    call: (client) => client.providers.get(1),
  },
  {
    name: 'a list of categories',
    reply: aCategory({ parent_id: 2 }),
    required: ['id'],
    url: `${aggregation}/categories`,
    listed: true,
    call: (client) => client.categories.list(),
  },
]

test.each(calls)(
  '$name is read whole whatever else is absent, of another type or new',
  async (row) => {
    let reply: unknown
    const { client, uuid } = testClient([
      http.get(row.url, () => HttpResponse.json(reply as object)),
    ])
    const ends = fc.constantFrom({}, { pagination: null }, { pagination: { next_uri: 'null' } })

    await fc.assert(
      fc.asyncProperty(variantsOf(row.reply, row.required), ends, async (variant, end) => {
        const two = [variant, { ...variant, id: Number(variant['id']) + 1 }]
        reply = row.listed ? { resources: two, ...end } : variant

        const read = await row.call(client, uuid)

        expect(JSON.stringify(read)).toBe(JSON.stringify(row.listed ? two : variant))
      }),
      { numRuns: inForm(20, 60) },
    )
  },
)

test.each(calls)('$name without a required part is an error', async (row) => {
  let reply: unknown
  const { client, uuid } = testClient([http.get(row.url, () => HttpResponse.json(reply as object))])
  const wrong = fc.constantFrom(undefined, null, '', '1', true, 1.5, 2 ** 53, {}, [])

  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...row.required), wrong, async (name, value) => {
      const broken = { ...row.reply, [name]: value }
      reply = row.listed ? { resources: [row.reply, broken] } : broken

      await expect(row.call(client, uuid)).rejects.toMatchObject({ name: 'BridgeSchemaError' })
    }),
    { numRuns: inForm(8, 20) },
  )
})

test.each([{ next_uri: 7 }, { next_uri: {} }, { next_uri: ['/v3'] }, 'more', 7, [1]])(
  'a list whose next page cannot be told from %j is an error, and never the end',
  async (pagination) => {
    const { client, uuid } = testClient([
      http.get(`${aggregation}/items`, () =>
        HttpResponse.json({ resources: [aBridgeItem()], pagination }),
      ),
    ])

    await expect(client.items.list(uuid)).rejects.toMatchObject({ name: 'BridgeSchemaError' })
  },
)

test('users, sessions and tokens are read whatever else is absent, of another type or new', async () => {
  let [user, session, token]: unknown[] = []
  const { client, world } = testClient([
    http.post(`${aggregation}/users`, () => HttpResponse.json(user as object)),
    http.post(`${aggregation}/connect-sessions`, () => HttpResponse.json(session as object)),
    http.post(`${aggregation}/authorization/token`, () => HttpResponse.json(token as object)),
  ])

  await fc.assert(
    fc.asyncProperty(
      variantsOf(aBridgeUser(), ['uuid']),
      variantsOf({ id: 'x', url: 'https://connect.bridge.test/session/1' }, ['url']),
      variantsOf(
        { access_token: 'abc', expires_at: '2025-05-06T11:08:25.040Z', user: aBridgeUser() },
        ['access_token'],
      ),
      fc.uuid(),
      async (nextUser, nextSession, nextToken, uuid) => {
        user = nextUser
        session = nextSession
        token = nextToken

        expect(await client.users.create({ externalUserId: 'x' })).toEqual(user)
        expect(await client.connectSessions.create(uuid, {})).toEqual(session)
      },
    ),
    { numRuns: inForm(20, 60) },
  )
  expect(world.users.size).toBe(1)
})

/** What every object of Bridge's must have, and the bank's whole reply to each question a site may ask. */
const rows = {
  item: { reply: aBridgeItem({ status_code_description: 'text' }), required: ['id', 'status'] },
  account: { reply: aBridgeAccount({ loan_details }), required: ['id', 'item_id'] },
  transaction: { reply: aBridgeTransaction(), required: ['id', 'account_id'] },
  provider: { reply: aProvider({ payment_metadata: {} }), required: ['id'] },
  category: { reply: aCategory({ parent_id: 2 }), required: ['id'] },
}
const world = fc.record(
  Object.fromEntries(
    Object.entries(rows).map(([name, { reply, required }]) => [name, variantsOf(reply, required)]),
  ) as Record<keyof typeof rows, fc.Arbitrary<Record<string, unknown>>>,
)

/** The whole server before a Bridge that answers `set` objects, whose ids are those that the site holds. */
async function strangeBridge() {
  const made = await testApp()
  const { app, bridge, clock } = made
  const { siteKey, site } = await aTenant(app)
  const held = await aConnectedBank(made, site)
  let shown: Partial<Record<keyof typeof rows, Record<string, unknown>>> = {}
  const one = (name: keyof typeof rows) => () => HttpResponse.json(shown[name])
  const list = (name: keyof typeof rows) => () => HttpResponse.json({ resources: [shown[name]] })
  // The second account is always new to us, so that it is kept.
  const accounts = () =>
    HttpResponse.json({ resources: [shown.account, { ...shown.account, id: clock.now() }] })
  bridge.use(
    http.get(`${aggregation}/items/:id`, one('item')),
    http.get(`${aggregation}/items`, list('item')),
    http.get(`${aggregation}/accounts`, accounts),
    http.get(`${aggregation}/transactions`, list('transaction')),
    http.get(`${aggregation}/categories`, list('category')),
    http.get(`${bridgeUrl}/v3/providers/:id`, one('provider')),
  )
  return {
    ...made,
    held,
    siteKey,
    set({ item, account, transaction, provider, category }: Record<keyof typeof rows, object>) {
      clock.advance(25 * 60 * 60_000) // what is cached is forgotten
      const { itemId: item_id, accountId: account_id } = held
      shown = {
        item: { ...item, id: item_id },
        account: { ...account, id: account_id, item_id },
        transaction: { ...transaction, account_id },
        provider: { ...provider, id: 574 },
        category: { ...category, id: 162 },
      }
      return shown as Record<keyof typeof rows, Record<string, unknown>>
    },
  }
}

test.each(bridgeVersions)(
  'every read answers whatever Bridge’s fields hold, as %s',
  async (version) => {
    const { app, siteKey, held, set } = await strangeBridge()
    const { itemId: item_id, accountId: account_id } = held
    const ask = (name: string, args: object) =>
      callMethod(app, name, args, { as: siteKey, headers: { 'bridge-version': version } })

    await fc.assert(
      fc.asyncProperty(world, fc.constantFrom(0, 9), async (made, status) => {
        made.item['status'] = status
        const { account, transaction, provider, category } = set(made)

        const answers = await Promise.all([
          ask('get_bank_accounts', { item_id }),
          ask('get_bank_transactions_by_account', { account_id }),
          ask('get_bank_transactions', { item_id, since: '2025-03-01' }),
          ask('get_single_bank', { bank_id: 574 }),
          ask('get_category', {}),
          ask('get_category', { category_id: 162 }),
          ask('get_bridge_item_details', { item_id }),
          ask('post_item_refresh', { item_id }),
        ])

        expect(answers.map(({ status, body }) => [status, body.exception])).toEqual(
          answers.map(() => [200, undefined]),
        )
        const [accounts, ofAccount, all, bank, tree, leaf, details] = answers.map((a) => a.message)
        const named = { ...transaction, category: expect.toSatisfy(isTextOrNull) }
        const asItCame = version === '2025-01-15'
        expect(accounts[0]).toEqual(
          asItCame ? account : expect.objectContaining({ id: account_id }),
        )
        for (const list of [ofAccount, all]) {
          expect(list).toEqual([asItCame ? named : expect.objectContaining({ account_id })])
        }
        expect(bank).toEqual(asItCame ? provider : expect.objectContaining({ id: 574 }))
        expect(tree).toEqual([asItCame ? category : expect.objectContaining({ id: 162 })])
        expect(leaf).toEqual(tree[0])
        expect(details).toMatchObject({ item_id, next: expect.any(String) as string })
        for (const { headers } of answers) expect(Object.values(headers).join()).not.toMatch(/NaN/)
      }),
      { numRuns: inForm(15, 40) },
    )
  },
)

const isTextOrNull = (value: unknown) => value === null || typeof value === 'string'

test('a connection is completed whatever Bridge’s fields hold', async () => {
  const { app, bridge, clock, held, set } = await strangeBridge()
  let item_id = 9_000_000

  await fc.assert(
    fc.asyncProperty(world, async (made) => {
      const { item } = set(made)
      item_id += 1
      const created_at = bridgeTime(clock.now())
      bridge.use(
        http.get(`${aggregation}/items/${item_id}`, () =>
          HttpResponse.json({ ...item, id: item_id, created_at }),
        ),
      )
      const request = await aRequest(app, held.user)

      const back = await callBack({ app }, { context: request, item_id })

      expect(back.headers.location).toContain(`success=true&item_id=${item_id}`)
    }),
    { numRuns: inForm(20, 60) },
  )
})

/** Bridge's events with what each must name. */
const events: [type: string, content: Record<string, unknown>, required: string[]][] = [
  [
    'item.refreshed',
    {
      item_id: 0,
      user_uuid: '',
      status_code: 0,
      status_code_info: 'ok',
      account_types: 'payment',
      full_refresh: false,
      refresh_trigger: 'scheduler',
      authentication_expires_at: '2025-09-04T10:25:35Z',
    },
    ['item_id'],
  ],
  ['item.created', { item_id: 0, user_uuid: '' }, ['item_id']],
  [
    'item.account.updated',
    {
      item_id: 0,
      account_id: 0,
      user_uuid: '',
      balance: 1,
      data_access: 'enabled',
      nb_new_transactions: 1,
      nb_updated_transactions: 0,
      nb_deleted_transactions: 0,
    },
    ['item_id', 'account_id'],
  ],
  ['TEST_EVENT', { item_id: 1, user_uuid: '', status: 0 }, []],
]

test.each(events)(
  'a webhook %s is read whatever its other fields hold',
  (type, whole, required) => {
    const timestamps = fc.oneof(fc.constant(undefined), anything)
    fc.assert(
      fc.property(variantsOf(whole, required), timestamps, (content, timestamp) => {
        const event = parseBridgeEvent({ type, content, timestamp })

        expect(event).toMatchObject({ known: true, type, content })
        expect(event.timestamp ?? 0).toBeGreaterThanOrEqual(0)
      }),
    )
  },
)

test('any bytes at all are read or are a BridgeSchemaError, and never an empty list', async () => {
  let bytes = new Uint8Array()
  const { client, uuid } = testClient([
    http.get(`${aggregation}/items`, () => new HttpResponse(bytes)),
  ])
  const texts = fc.oneof(fc.string(), fc.json()).map((text) => new TextEncoder().encode(text))

  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), texts), async (body) => {
      bytes = new Uint8Array(body)

      await expect(client.items.list(uuid)).rejects.toMatchObject({ name: 'BridgeSchemaError' })
    }),
    { numRuns: inForm(40, 100) },
  )
})
