import { expect, test } from 'vitest'
import { http, HttpResponse } from 'msw'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { testClient } from './test-client.ts'

test('a refresh asks the older API, once, and says whether it was taken', async () => {
  const { client, uuid, world, requests } = testClient()
  const item = world.addItem(uuid)

  const before = await client.items.refresh(uuid, item.id)
  world.refreshes = true
  const after = await client.items.refresh(uuid, item.id)

  const made = requests(`/v2/items/${item.id}/refresh`)
  expect([before, after]).toEqual([false, true])
  expect(made).toHaveLength(2)
  expect(made[0]?.headers.get('bridge-version')).toBe('2021-06-01')
  expect(made[0]?.headers.has('content-type')).toBe(false)
})

const noes: [string, () => Response][] = [
  ['403', () => bridgeProblem(403)],
  ['404', () => bridgeProblem(404)],
  ['405 in HTML', () => HttpResponse.html('<h1>no</h1>', { status: 405 })],
  ['410', () => new HttpResponse(null, { status: 410 })],
  [
    '400 on the version, as 2021-06-01 words it',
    () => HttpResponse.json({ type: 'invalid_version_header', message: 'x' }, { status: 400 }),
  ],
  ['401 even with a new token', () => bridgeProblem(401)],
]

test.each(noes)('a refresh answered %s is a no', async (_, answer) => {
  const { client, uuid } = testClient([http.post(`${bridgeUrl}/v2/items/1/refresh`, answer)])

  expect(await client.items.refresh(uuid, 1)).toBe(false)
})

const failures: [string, () => Response, number][] = [
  ['429', () => bridgeProblem(429, {}, { 'retry-after': '1' }), 429],
  ['500', () => bridgeProblem(500), 503],
  ['400 on something else', () => bridgeProblem(400, { code: 'invalid_parameter' }), 502],
  ['a cut connection', () => HttpResponse.error(), 503],
]

test.each(failures)(
  'a refresh answered %s is an error, and not tried again',
  async (_, answer, status) => {
    const { client, uuid, requests } = testClient([
      http.post(`${bridgeUrl}/v2/items/1/refresh`, answer),
    ])

    await expect(client.items.refresh(uuid, 1)).rejects.toMatchObject({ status })
    expect(requests('/v2/items/1/refresh')).toHaveLength(1)
  },
)

test('wrong application credentials are an error, not a no', async () => {
  const { client, uuid } = testClient([
    http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, () => bridgeProblem(401)),
  ])

  await expect(client.items.refresh(uuid, 1)).rejects.toMatchObject({ bridgeStatus: 401 })
})
