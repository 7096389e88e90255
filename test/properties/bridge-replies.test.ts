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
} from '../support/bridge.ts'
import { collect, testClient } from '../bridge/test-client.ts'

const aggregation = `${bridgeUrl}/v3/aggregation`
const loan_details = { type: 'Prêt', interest_rate: 1.25, next_payment_date: '2025-04-30' }

/** The object with each optional field kept, left out or null, and with fields nobody has announced. */
function variantsOf(
  whole: Record<string, unknown>,
  required: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const fates = Object.fromEntries(
    Object.keys(whole).map((name) => [
      name,
      required.includes(name) ? fc.constant('keep') : fc.constantFrom('keep', 'drop', 'null'),
    ]),
  )
  const strange = fc.dictionary(
    fc.string().map((name) => `x_${name}`),
    fc.jsonValue(),
  )
  return fc.tuple(fc.record(fates), strange).map(([fate, extra]) => {
    const kept = Object.entries(whole)
      .filter(([name]) => fate[name] !== 'drop')
      .map(([name, value]) => [name, fate[name] === 'null' ? null : value])
    // As JSON would bring it: it knows no minus zero.
    return JSON.parse(JSON.stringify({ ...extra, ...Object.fromEntries(kept) }))
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
    name: 'an account',
    reply: aBridgeAccount({ id: 1, loan_details }),
    required: ['id', 'item_id'],
    url: `${aggregation}/accounts/1`,
    call: (client, uuid) => client.accounts.get(uuid, 1),
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
    name: 'a category',
    reply: aCategory({ id: 1, parent_id: 2 }),
    required: ['id'],
    url: `${aggregation}/categories/1`,
    call: (client) => client.categories.get(1),
  },
  {
    name: 'a list of categories',
    reply: aCategory(),
    required: ['id'],
    url: `${aggregation}/categories`,
    listed: true,
    call: (client) => client.categories.list(),
  },
]

test.each(calls)('$name is read whole whatever else is absent, null or new', async (row) => {
  let reply: unknown
  const { client, uuid } = testClient([http.get(row.url, () => HttpResponse.json(reply as object))])
  const ends = fc.constantFrom({}, { pagination: null }, { pagination: { next_uri: 'null' } })

  await fc.assert(
    fc.asyncProperty(variantsOf(row.reply, row.required), ends, async (variant, end) => {
      reply = row.listed ? { resources: [variant, variant], ...end } : variant

      const read = await row.call(client, uuid)

      expect(JSON.stringify(read)).toBe(JSON.stringify(row.listed ? [variant, variant] : variant))
    }),
    { numRuns: 60 },
  )
})

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
    { numRuns: 20 },
  )
})

test('users, sessions and tokens are read whatever else is absent, null or new', async () => {
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
    { numRuns: 60 },
  )
  expect(world.users.size).toBe(1)
})

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
    { numRuns: 100 },
  )
})
