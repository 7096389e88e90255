import { expect, test } from 'vitest'
import { http, HttpResponse } from 'msw'
import { BridgeStatusError, BridgeTimeoutError } from '../../../src/bridge/bridge-errors.ts'
import { createHttp } from '../../../src/bridge/transport/http.ts'
import { createTokens } from '../../../src/bridge/session/tokens.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { aBridgeUser, bridgeNow, bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { rejection, testClient } from './test-client.ts'

const path = '/v3/aggregation/authorization/token'
const minute = 60_000

test('calls of one user at the same time share one token request', async () => {
  const { client, uuid, world, requests } = testClient()
  const other = world.addUser()

  await Promise.all([
    ...Array.from({ length: 20 }, () => client.items.list(uuid)),
    client.items.list(other.uuid),
  ])
  await client.items.list(uuid)

  expect(requests(path).map(({ body }) => body)).toEqual([
    { user_uuid: uuid },
    { user_uuid: other.uuid },
  ])
})

test('a token is used until a minute before it expires', async () => {
  const { client, uuid, clock, requests } = testClient()

  await client.items.list(uuid)
  clock.advance(119 * minute - 1)
  await client.items.list(uuid)
  const before = requests(path).length
  clock.advance(1)
  await client.items.list(uuid)

  expect(before).toBe(1)
  expect(requests(path)).toHaveLength(2)
})

test.each([
  ['says nothing', undefined],
  ['says null', null],
  ['speaks in riddles', 'soon'],
  ['is of another type', {}],
])('a token whose expiry %s lives as long as documented', async (_, expires_at) => {
  const { client, uuid, clock, requests } = testClient([
    http.post(`${bridgeUrl}${path}`, () => HttpResponse.json({ access_token: 'abc', expires_at })),
    http.get(`${bridgeUrl}/v3/aggregation/items`, () => HttpResponse.json({ resources: [] })),
  ])

  await client.items.list(uuid)
  clock.advance(118 * minute)
  await client.items.list(uuid)
  const before = requests(path).length
  clock.advance(minute)
  await client.items.list(uuid)

  expect(before).toBe(1)
  expect(requests(path)).toHaveLength(2)
})

test('a token Bridge no longer takes is replaced, once', async () => {
  const { client, uuid, world, requests } = testClient()
  const item = world.addItem(uuid)
  await client.items.list(uuid)
  world.expireTokens()

  const items = await client.items.list(uuid)
  await client.items.delete(uuid, item.id)

  expect(items).toEqual([item])
  expect(requests(path)).toHaveLength(2)
})

test('calls whose common token is refused ask for one new token together', async () => {
  const { client, uuid, world, requests } = testClient()
  await client.items.list(uuid)
  world.expireTokens()

  await Promise.all(Array.from({ length: 20 }, () => client.items.list(uuid)))

  expect(requests(path)).toHaveLength(2)
})

test('a refusal that comes late does not take the newer token away', async () => {
  const late = Promise.withResolvers<void>()
  const { client, uuid, world, requests, use } = testClient()
  await client.items.list(uuid)
  world.expireTokens()
  use(
    http.get(
      `${bridgeUrl}/v3/aggregation/accounts`,
      async () => {
        await late.promise
        return bridgeProblem(401)
      },
      { once: true },
    ),
  )

  const slow = client.accounts.list(uuid)
  await client.items.list(uuid)
  late.resolve()

  expect(await slow).toEqual([])
  expect(requests(path)).toHaveLength(2)
})

test('a call refused with a new token too is an error', async () => {
  const { client, uuid, requests } = testClient([
    http.get(`${bridgeUrl}/v3/aggregation/items`, () =>
      bridgeProblem(401, { code: 'invalid_client_credentials' }),
    ),
  ])

  const error = await rejection(client.items.list(uuid), BridgeStatusError)

  expect(error).toMatchObject({ status: 502, bridgeStatus: 401 })
  expect(requests('/v3/aggregation/items')).toHaveLength(2)
})

test('asking for a token is repeated like a read', async () => {
  let count = 0
  const { client, uuid, requests } = testClient([
    http.post(`${bridgeUrl}${path}`, () => {
      count += 1
      return count === 1 ? bridgeProblem(500) : undefined
    }),
  ])

  expect(await client.items.list(uuid)).toEqual([])
  expect(requests(path)).toHaveLength(2)
})

test('a failed token request is forgotten: the next call asks again', async () => {
  let status = 404
  const { client, uuid } = testClient([
    http.post(`${bridgeUrl}${path}`, () => (status === 404 ? bridgeProblem(404) : undefined)),
  ])

  await rejection(client.items.list(uuid), BridgeStatusError)
  status = 201

  expect(await client.items.list(uuid)).toEqual([])
})

test('one caller who gives up does not take the token from the others', async () => {
  const started = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const { client, uuid, requests } = testClient([
    http.post(`${bridgeUrl}${path}`, async () => {
      started.resolve()
      await release.promise
    }),
  ])
  const caller = new AbortController()
  const impatient = client.within(caller.signal).items.list(uuid)
  const patient = client.items.list(uuid)

  await started.promise
  caller.abort()
  await rejection(impatient, BridgeTimeoutError)
  release.resolve()

  expect(await patient).toEqual([])
  expect(requests(path)).toHaveLength(1)
})

test('tokens are shared between a client and its budgets', async () => {
  const { client, uuid, requests } = testClient()

  await client.within(new AbortController().signal).items.list(uuid)
  await client.items.list(uuid)

  expect(requests(path)).toHaveLength(1)
})

test('a token that could not stand in a header is refused', async () => {
  const { client, uuid } = testClient([
    http.post(`${bridgeUrl}${path}`, () => HttpResponse.json({ access_token: 'a\r\nb' })),
  ])

  await expect(client.items.list(uuid)).rejects.toMatchObject({ name: 'BridgeSchemaError' })
})

test('the number of tokens kept is bounded, the oldest go first', async () => {
  const { dispatcher, clock, requests } = testClient([
    http.post(`${bridgeUrl}${path}`, () =>
      HttpResponse.json({ access_token: 'abc', user: aBridgeUser() }),
    ),
  ])
  const options = { baseUrl: bridgeUrl, clientId: 'i', clientSecret: 's', dispatcher, clock }
  const tokens = createTokens({ http: createHttp(options), clock, limit: 2 })

  for (const user of ['first', 'second', 'third', 'second', 'third']) await tokens.get(user)
  const before = requests(path).length
  await tokens.get('first')

  expect(clock.now()).toBe(bridgeNow)
  expect(before).toBe(3)
  expect(requests(path)).toHaveLength(4)
})

test('a token renewed counts as the newest of those that are kept', async () => {
  const { dispatcher, clock, requests } = testClient([
    http.post(`${bridgeUrl}${path}`, () =>
      HttpResponse.json({ access_token: 'abc', user: aBridgeUser() }),
    ),
  ])
  const options = { baseUrl: bridgeUrl, clientId: 'i', clientSecret: 's', dispatcher, clock }
  const tokens = createTokens({ http: createHttp(options), clock, limit: 2 })
  await tokens.get('first')
  clock.advance(10 * minute)
  await tokens.get('second')
  clock.advance(110 * minute)

  for (const user of ['first', 'third', 'first']) await tokens.get(user)

  expect(requests(path).map(({ body }) => body)).toEqual(
    ['first', 'second', 'first', 'third'].map((user_uuid) => ({ user_uuid })),
  )
})

test('a token said to end within a minute lives as long as documented', async () => {
  const { client, uuid, requests } = testClient([
    http.post(`${bridgeUrl}${path}`, () => {
      const expires_at = new Date(bridgeNow + minute / 2).toISOString()
      return HttpResponse.json({ access_token: 'abc', expires_at })
    }),
    http.get(`${bridgeUrl}/v3/aggregation/items`, () => HttpResponse.json({ resources: [] })),
  ])

  await client.items.list(uuid)
  await client.items.list(uuid)

  expect(requests(path)).toHaveLength(1)
})

test.each([
  ['months ahead of', 160 * 24 * 60 * minute],
  ['months behind', -160 * 24 * 60 * minute],
])('while our clock is %s Bridge’s a token lives as long as documented', async (_, aheadMs) => {
  const skewed = createMovableClock({ now: () => bridgeNow + aheadMs })
  const { client, uuid, requests } = testClient([], { clock: skewed })

  await client.items.list(uuid)
  skewed.advance(118 * minute)
  await client.items.list(uuid)
  const before = requests(path).length
  skewed.advance(minute)
  await client.items.list(uuid)

  expect(before).toBe(1)
  expect(requests(path)).toHaveLength(2)
})

test('who waits for a token gets it, though others push it out or bring a newer one meanwhile', async () => {
  const release = Promise.withResolvers<void>()
  const { dispatcher, clock } = testClient([
    http.post(`${bridgeUrl}${path}`, async ({ request }) => {
      const asked = (await request.json()) as { user_uuid?: string }
      if (asked.user_uuid !== undefined) await release.promise
      const access_token = asked.user_uuid ?? 'newer'
      return HttpResponse.json({ access_token, user: { ...aBridgeUser(), uuid: 'first' } })
    }),
  ])
  const options = { baseUrl: bridgeUrl, clientId: 'i', clientSecret: 's', dispatcher, clock }
  const tokens = createTokens({ http: createHttp(options), clock, limit: 1 })

  const asked = ['first', 'second', 'third'].map((user) => tokens.get(user))
  await tokens.findUser('ada')
  release.resolve()

  expect(await Promise.all(asked)).toEqual(['first', 'second', 'third'])
  expect(await tokens.get('first')).toBe('newer')
})

test('a token request that fails after its only caller gave up disturbs nobody', async () => {
  const started = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const { client, uuid } = testClient([
    http.post(`${bridgeUrl}${path}`, async () => {
      started.resolve()
      await release.promise
      return bridgeProblem(404)
    }),
  ])
  const caller = new AbortController()
  const impatient = client.within(caller.signal).items.list(uuid)
  await started.promise
  caller.abort()
  await rejection(impatient, BridgeTimeoutError)

  release.resolve()

  await rejection(client.items.list(uuid), BridgeStatusError)
})
