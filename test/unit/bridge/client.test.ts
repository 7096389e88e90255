import { expect, test } from 'vitest'
import { http, HttpResponse } from 'msw'
import { BridgeSchemaError, BridgeStatusError } from '../../../src/bridge/bridge-errors.ts'
import { aCategory, aProvider, bridgeUrl } from '../../support/bridge.ts'
import { collect, rejection, testClient } from './test-client.ts'

test('a user call carries the version, the application and the user', async () => {
  const { client, uuid, world, requests } = testClient()
  const item = world.addItem(uuid)

  const found = await client.items.get(uuid, item.id, { language: 'fr' })

  const [call] = requests(`/v3/aggregation/items/${item.id}`)
  expect(found).toEqual(item)
  expect(call?.headers.get('bridge-version')).toBe('2025-01-15')
  expect(call?.headers.get('client-id')).toBe('the-client-id')
  expect(call?.headers.get('client-secret')).toBe('the-client-secret')
  expect(call?.headers.get('authorization')).toMatch(/^Bearer token-/)
  expect(call?.headers.get('accept')).toBe('application/json')
  expect(call?.headers.get('accept-language')).toBe('fr')
  expect(call?.headers.has('content-type')).toBe(false)
})

test('a body goes with its content type, and without what was not given', async () => {
  const { client, uuid, world, requests } = testClient()

  const session = await client.connectSessions.create(uuid, {
    userEmail: 'jane@example.com',
    countryCode: 'FR',
    accountTypes: 'all',
    callbackUrl: 'https://gateway.test/bridge/callback',
    context: 'abc234',
    itemId: undefined,
  })

  const [call] = requests('/v3/aggregation/connect-sessions')
  expect(session.url).toBe(world.sessions[0]?.url)
  expect(call?.headers.get('content-type')).toBe('application/json')
  expect(call?.body).toEqual({
    user_email: 'jane@example.com',
    country_code: 'FR',
    account_types: 'all',
    callback_url: 'https://gateway.test/bridge/callback',
    context: 'abc234',
  })
})

test('a session can manage an item and renew its authentication', async () => {
  const { client, uuid, world } = testClient()
  const item = world.addItem(uuid)

  await client.connectSessions.create(uuid, {
    itemId: item.id,
    forceReauthentication: true,
  })

  expect(world.sessions[0]).toMatchObject({
    item_id: item.id,
    force_reauthentication: true,
  })
})

test('a session whose URL is no web address is refused', async () => {
  const { client, uuid } = testClient([
    http.post(`${bridgeUrl}/v3/aggregation/connect-sessions`, () =>
      HttpResponse.json({ id: 'x', url: 'javascript:alert(1)' }, { status: 201 }),
    ),
  ])

  await expect(client.connectSessions.create(uuid, {})).rejects.toThrow('cannot read')
})

test('a user is created once, and the second time Bridge says 409', async () => {
  const { client } = testClient()

  const user = await client.users.create({ externalUserId: 'site-7' })
  const error = await rejection(
    client.users.create({ externalUserId: 'site-7' }),
    BridgeStatusError,
  )

  expect(user.external_user_id).toBe('site-7')
  expect(error).toMatchObject({ bridgeStatus: 409, code: 'conflict' })
})

test('a user is found by its external id, and the token that came along is used', async () => {
  const { client, world, uuid, requests } = testClient()

  const user = await client.users.findByExternalId(String(world.users.get(uuid)?.external_user_id))
  const items = await client.items.list(user.uuid)

  expect(user.uuid).toBe(uuid)
  expect(items).toEqual([])
  expect(requests('/v3/aggregation/authorization/token')).toHaveLength(1)
})

test('a user who is not there is a 404, for finding and for deleting', async () => {
  const { client } = testClient()

  const found = client.users.findByExternalId('nobody')
  const deleted = client.users.delete('00000000-0000-4000-8000-999999999999')

  expect(await rejection(found, BridgeStatusError)).toMatchObject({ bridgeStatus: 404 })
  expect(await rejection(deleted, BridgeStatusError)).toMatchObject({ bridgeStatus: 404 })
})

test('deleting a user and an item resolves on an answer without body', async () => {
  const { client, uuid, world } = testClient()
  const item = world.addItem(uuid)

  await client.items.delete(uuid, item.id)
  await client.users.delete(uuid)

  expect(world.items.size).toBe(0)
  expect(world.users.size).toBe(0)
})

test('an empty id never becomes a call on the whole collection', async () => {
  const { client, calls } = testClient()

  for (const id of ['', '.', '..', 'a/b', '?', '%2e']) {
    await expect(async () => client.users.delete(id)).rejects.toThrow(TypeError)
  }

  expect(calls).toEqual([])
})

test('accounts are listed of the user or of one item', async () => {
  const { client, uuid, world } = testClient()
  const [first, second] = [world.addItem(uuid), world.addItem(uuid)]
  const account = world.addAccount(first.id)
  world.addAccount(second.id)

  expect(await client.accounts.list(uuid)).toHaveLength(2)
  expect(await client.accounts.list(uuid, { itemId: first.id })).toEqual([account])
})

test('transactions are asked for by 500, with the filters in the query', async () => {
  const { client, uuid, world, requests } = testClient()
  const account = world.addAccount(world.addItem(uuid).id)
  const transaction = world.addTransaction(account.id)

  const pages = await collect(
    client.transactions.pages(uuid, {
      accountId: account.id,
      since: '2025-03-01T00:00:00.000Z',
      until: '2025-04-01T00:00:00.000Z',
      minDate: '2025-03-01',
      maxDate: '2025-03-31',
    }),
  )

  expect(pages).toEqual([[transaction]])
  expect(requests('/v3/aggregation/transactions')[0]?.query).toEqual({
    account_id: String(account.id),
    since: '2025-03-01T00:00:00.000Z',
    until: '2025-04-01T00:00:00.000Z',
    min_date: '2025-03-01',
    max_date: '2025-03-31',
    limit: '500',
  })
})

test('banks and categories need no user', async () => {
  const { client, calls } = testClient()

  expect(await client.providers.get(574)).toEqual(aProvider())
  expect(await client.categories.list({ language: 'fr' })).toEqual([aCategory()])
  expect(calls.map(({ headers }) => headers.has('authorization'))).toEqual([false, false])
})

test('an item whose status is called status_code has a status all the same', async () => {
  const reply = { id: 1, status_code: 1010, novelty: { a: [1] } }
  const { client, uuid } = testClient([
    http.get(`${bridgeUrl}/v3/aggregation/items/1`, () => HttpResponse.json(reply)),
    http.get(`${bridgeUrl}/v3/aggregation/items`, () => HttpResponse.json({ resources: [reply] })),
    http.get(`${bridgeUrl}/v3/aggregation/items/2`, () => HttpResponse.json({ id: 2 })),
  ])

  const expected = { id: 1, status: 1010, novelty: { a: [1] } }
  expect(await client.items.get(uuid, 1)).toEqual(expected)
  expect(await client.items.list(uuid)).toEqual([expected])
  await expect(client.items.get(uuid, 2)).rejects.toMatchObject({
    detail: 'GET /v3/aggregation/items/{id}: status custom',
  })
})

test('unknown fields pass, in the place where they came', async () => {
  const text = '{"novelty":[1.50,{"b":null}],"id":7,"between":"x","item_id":9,"name":null,"z":0}'
  const { client } = testClient([
    http.get(`${bridgeUrl}/v3/providers/7`, () => new HttpResponse(text)),
  ])

  const provider = await client.providers.get(7)

  expect(JSON.stringify(provider)).toBe(text.replace('1.50', '1.5'))
})

test('a list gives each id once, as it came last', async () => {
  const second = '/v3/aggregation/accounts?after=2'
  const row = (id: number, name: string) => ({ id, item_id: 9, name })
  const { client, uuid } = testClient([
    http.get(`${bridgeUrl}/v3/aggregation/accounts`, ({ request }) =>
      HttpResponse.json(
        request.url.endsWith(second)
          ? { resources: [row(2, 'late'), row(3, 'once')] }
          : {
              resources: [row(1, 'once'), row(2, 'early')],
              pagination: { next_uri: second },
            },
      ),
    ),
  ])

  const accounts = await client.accounts.list(uuid)

  expect(accounts).toEqual([row(1, 'once'), row(2, 'late'), row(3, 'once')])
})

test('an attempt is reported with its route, and neither ids nor query nor secrets', async () => {
  const { client, uuid, world, reported, clock, use } = testClient()
  const item = world.addItem(uuid)
  use(http.get(`${bridgeUrl}/v3/aggregation/accounts`, () => clock.advance(7)))

  await client.items.get(uuid, item.id)
  await client.accounts.list(uuid, { itemId: 1 })

  expect(reported).toEqual([
    {
      method: 'POST',
      route: '/v3/aggregation/authorization/token',
      status: 201,
      durationMs: 0,
      attempt: 1,
    },
    {
      method: 'GET',
      route: '/v3/aggregation/items/{id}',
      status: 200,
      durationMs: 0,
      attempt: 1,
    },
    { method: 'GET', route: '/v3/aggregation/accounts', status: 200, durationMs: 7, attempt: 1 },
  ])
})

test('a language that is none is left out of the headers', async () => {
  const { client, calls } = testClient()

  await client.categories.list({ language: 'fr\r\nX-Evil: 1' })

  expect(calls[0]?.headers.has('accept-language')).toBe(false)
})

test('a friendly page in answer to a deletion is no deletion', async () => {
  for (const reply of [
    HttpResponse.html('<p>Welcome</p>'),
    new HttpResponse(null, { status: 200 }),
  ]) {
    const { client, uuid, world, use } = testClient()
    const item = world.addItem(uuid)
    use(http.delete(`${bridgeUrl}/v3/aggregation/items/${item.id}`, () => reply.clone()))

    const deleted = client.items.delete(uuid, item.id)

    expect(await rejection(deleted, BridgeSchemaError)).toMatchObject({ status: 502 })
  }
})
