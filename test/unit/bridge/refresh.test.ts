import { expect, test } from 'vitest'
import { http, HttpResponse, type RequestHandler } from 'msw'
import { BridgeError } from '../../../src/bridge/bridge-errors.ts'
import { mayBeRefreshed } from '../../../src/bridge/resources/items.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { rejection, testClient } from './test-client.ts'

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
  ['401', () => bridgeProblem(401)],
]

test.each(noes)('a refresh answered %s is a no, and costs no token', async (_, answer) => {
  const { client, uuid, requests } = testClient([
    http.post(`${bridgeUrl}/v2/items/1/refresh`, answer),
  ])

  expect(await client.items.refresh(uuid, 1)).toBe(false)
  expect(await client.items.refresh(uuid, 1)).toBe(false)
  expect(await client.items.list(uuid)).toEqual([])
  expect(requests('/v3/aggregation/authorization/token')).toHaveLength(1)
})

const token = `${bridgeUrl}/v3/aggregation/authorization/token`
const cut = () => HttpResponse.error()
const page = () => HttpResponse.html('<h1>Soon</h1>')

test.each<[string, boolean, RequestHandler[]]>([
  ['it was cut off', true, [http.post(`${bridgeUrl}/v2/items/1/refresh`, cut)]],
  ['its token was cut off', false, [http.post(token, cut)]],
  ['its token was a page', false, [http.post(token, page)]],
  [
    'it was refused',
    false,
    [http.post(`${bridgeUrl}/v2/items/1/refresh`, () => bridgeProblem(400))],
  ],
  [
    'it broke something',
    false,
    [http.post(`${bridgeUrl}/v2/items/1/refresh`, () => bridgeProblem(500))],
  ],
])('when %s, that a refresh may be done is %s', async (_, isSo, handlers) => {
  const { client, uuid } = testClient(handlers)

  const error = await rejection(client.items.refresh(uuid, 1), BridgeError)

  expect(mayBeRefreshed(error)).toBe(isSo)
})

test('a refresh that was taken is one, though the rest of the answer breaks off', async () => {
  const begun = () =>
    new HttpResponse(
      new ReadableStream({
        start: (body) => body.enqueue(new Uint8Array(1)),
        pull: (body) => body.error(new Error('cut')),
      }),
      { status: 202 },
    )
  const { client, uuid } = testClient([http.post(`${bridgeUrl}/v2/items/1/refresh`, begun)])

  expect(await client.items.refresh(uuid, 1)).toBe(true)
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
