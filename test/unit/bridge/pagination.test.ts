import { expect, test } from 'vitest'
import { http, HttpResponse } from 'msw'
import { BridgeNetworkError, BridgeSchemaError } from '../../../src/bridge/bridge-errors.ts'
import { aBridgeAccount, bridgeUrl } from '../../support/bridge.ts'
import { collect, rejection, testClient } from './test-client.ts'

const path = '/v3/aggregation/accounts'

/** A client whose account list answers with these bodies in turn, the last one for ever. */
function clientOf(bodies: unknown[]) {
  const left = [...bodies]
  return testClient([
    http.get(`${bridgeUrl}${path}`, () =>
      HttpResponse.json((left.length > 1 ? left.shift() : left[0]) as object),
    ),
  ])
}

const pageWith = (id: number, next_uri?: unknown) => ({
  resources: [aBridgeAccount({ id })],
  pagination: { next_uri },
})

test('a list is walked to its end, by the path Bridge names', async () => {
  const { client, uuid, requests } = clientOf([
    pageWith(1, `${path}?after=MQ%3D%3D&limit=500`),
    pageWith(2, `${path}?after=Mg%3D%3D&limit=500&item_id=9`),
    pageWith(3),
  ])

  const accounts = await client.accounts.list(uuid, { itemId: 9 })

  expect(accounts.map(({ id }) => id)).toEqual([1, 2, 3])
  expect(requests(path).map(({ query }) => query)).toEqual([
    { item_id: '9', limit: '500' },
    { after: 'MQ==', limit: '500' },
    { after: 'Mg==', limit: '500', item_id: '9' },
  ])
})

test.each([
  ['next_uri is absent', { pagination: {} }],
  ['next_uri is null', { pagination: { next_uri: null, previous_uri: null } }],
  ['next_uri is the word null', { pagination: { next_uri: 'null' } }],
  ['next_uri is empty', { pagination: { next_uri: '' } }],
  ['pagination is null', { pagination: null }],
  ['pagination is absent', {}],
])('a list ends when %s', async (_, end) => {
  const { client, uuid, requests } = clientOf([{ resources: [], generated_at: 'x', ...end }])

  expect(await client.accounts.list(uuid)).toEqual([])
  expect(requests(path)).toHaveLength(1)
})

test.each([
  ['another host', 'https://evil.test/v3/aggregation/accounts?after=1'],
  ['another host without a scheme', '//evil.test/v3/aggregation/accounts'],
  ['another host behind a backslash', '/\\evil.test/v3'],
  ['another port', 'https://bridge.test:8443/v3'],
  ['plain http', 'http://bridge.test/v3'],
  ['no address', 'https://'],
])('a next page at %s is refused, and no token goes there', async (_, uri) => {
  const { client, uuid, calls } = clientOf([pageWith(1, uri), pageWith(2)])

  const error = await rejection(client.accounts.list(uuid), BridgeSchemaError)

  expect(error.detail).toBe('GET /v3/aggregation/accounts: next_uri leaves Bridge')
  expect(calls).toHaveLength(2)
})

test('a full address of Bridge itself is followed', async () => {
  const { client, uuid } = clientOf([pageWith(1, `${bridgeUrl}${path}?after=1`), pageWith(2)])

  expect(await client.accounts.list(uuid)).toHaveLength(2)
})

test('pages that loop are refused', async () => {
  const { client, uuid } = clientOf([
    pageWith(1, `${path}?after=1`),
    pageWith(2, `${path}?after=2`),
    pageWith(3, `${path}?after=1`),
  ])

  const error = await rejection(client.accounts.list(uuid), BridgeSchemaError)

  expect(error.detail).toContain('loop')
})

/** A client before a Bridge whose lists at `path` have ever another page, and how many were asked for. */
function endless(at: string) {
  let count = 0
  const { client, uuid } = testClient([
    http.get(`${bridgeUrl}${at}`, () =>
      HttpResponse.json({
        resources: [],
        pagination: { next_uri: `${at}?after=${(count += 1)}` },
      }),
    ),
  ])
  return { client, uuid, count: () => count }
}

test('pages that never end are refused', async () => {
  const { client, uuid, count } = endless('/v3/aggregation/transactions')

  const error = await rejection(collect(client.transactions.pages(uuid)), BridgeSchemaError)

  expect(error.detail).toContain('more than 2000 pages')
  expect(count()).toBe(2000)
})

test.each(['items', 'accounts', 'categories'] as const)(
  'a list of %s that never ends costs twenty calls of the quota',
  async (name) => {
    const { client, uuid, count } = endless(`/v3/aggregation/${name}`)
    const list = {
      items: () => client.items.list(uuid),
      accounts: () => client.accounts.list(uuid),
      categories: () => client.categories.list(),
    }[name]

    const error = await rejection<BridgeSchemaError>(list(), BridgeSchemaError)

    expect(error.detail).toContain('more than 20 pages')
    expect(count()).toBe(20)
  },
)

test('a page with far more rows than Bridge gives is refused before a row is looked at', async () => {
  const rows = Array.from({ length: 1_000 }, (_, id) => aBridgeAccount({ id }))
  const some = clientOf([{ resources: rows }])
  const many = clientOf([{ resources: Array.from({ length: 200_000 }, () => ({})) }])

  const error = await rejection(many.client.accounts.list(many.uuid), BridgeSchemaError)

  expect(error.detail).toBe('GET /v3/aggregation/accounts: resources custom')
  expect(await some.client.accounts.list(some.uuid)).toHaveLength(1_000)
})

test.each([
  ['no resources', { pagination: {} }],
  ['resources that are null', { resources: null }],
  ['a bare list', [aBridgeAccount()]],
  ['one row without an id', { resources: [aBridgeAccount(), { item_id: 1 }] }],
  ['a next_uri that is a number', { resources: [], pagination: { next_uri: 7 } }],
])('%s is an error and no empty list', async (_, body) => {
  const { client, uuid } = clientOf([body])

  await rejection(client.accounts.list(uuid), BridgeSchemaError)
})

test('a list that fails on its second page fails', async () => {
  let count = 0
  const { client, uuid } = testClient([
    http.get(`${bridgeUrl}${path}`, () =>
      (count += 1) === 1 ? HttpResponse.json(pageWith(1, `${path}?after=1`)) : HttpResponse.error(),
    ),
  ])

  await rejection(client.accounts.list(uuid), BridgeNetworkError)
})

test('a page is asked for only when the one before has been taken', async () => {
  const { client, uuid, world, requests } = testClient()
  const account = world.addAccount(world.addItem(uuid).id)
  for (let n = 0; n < 1_100; n += 1) world.addTransaction(account.id)

  const asked: number[] = []
  for await (const page of client.transactions.pages(uuid)) {
    expect(page.length).toBeLessThanOrEqual(500)
    asked.push(requests('/v3/aggregation/transactions').length)
  }
  const all = await collect(client.transactions.pages(uuid))

  expect(asked).toEqual([1, 2, 3])
  expect(new Set(all.flat().map(({ id }) => id)).size).toBe(1_100)
})

test('a token that expires between two pages is replaced on the way', async () => {
  const { client, uuid, world } = testClient()
  const account = world.addAccount(world.addItem(uuid).id)
  for (let n = 0; n < 1_100; n += 1) world.addTransaction(account.id)

  let rows = 0
  for await (const page of client.transactions.pages(uuid)) {
    rows += page.length
    world.expireTokens()
  }

  expect(rows).toBe(1_100)
})
