import { expect, test } from 'vitest'
import { http, HttpResponse } from 'msw'
import {
  BridgeNetworkError,
  BridgeSchemaError,
  BridgeStatusError,
  BridgeTimeoutError,
} from '../../../src/bridge/bridge-errors.ts'
import type { AppError } from '../../../src/errors.ts'
import { aProvider, bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { rejection, testClient } from './test-client.ts'

const path = '/v3/providers/574'
const secret = 'FR3312739000309854725191G90'

/** A client for which Bridge gives these answers in turn, and then the provider. */
function clientOf(answers: (() => Response | Promise<Response>)[], timeoutMs = 10_000) {
  const left = [...answers]
  return testClient(
    [http.get(`${bridgeUrl}${path}`, () => left.shift()?.() ?? HttpResponse.json(aProvider()))],
    { timeoutMs },
  )
}

const never = new Promise<Response>(() => {})

/** A body that starts well and then breaks, or stays open. */
const halfBody = (end: 'cut' | 'hang', status = 200) =>
  new HttpResponse(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('{"id":574,'))
        if (end === 'cut') controller.error(new TypeError('terminated'))
        return end === 'hang' ? new Promise(() => {}) : undefined
      },
    }),
    { status },
  )

const kinds: {
  name: string
  answer: () => Response | Promise<Response>
  kind: abstract new (...args: never[]) => AppError
  status: number
  excType?: string
  tries?: number
}[] = [
  {
    name: 'a 500',
    answer: () => bridgeProblem(500),
    kind: BridgeStatusError,
    status: 503,
    tries: 3,
  },
  {
    name: 'a 502 in HTML',
    answer: () => HttpResponse.html(`<p>${secret}</p>`, { status: 502 }),
    kind: BridgeStatusError,
    status: 503,
    tries: 3,
  },
  {
    name: 'a 500 whose body is cut',
    answer: () => halfBody('cut', 500),
    kind: BridgeStatusError,
    status: 503,
    tries: 3,
  },
  { name: 'a 401', answer: () => bridgeProblem(401), kind: BridgeStatusError, status: 502 },
  { name: 'a 403', answer: () => bridgeProblem(403), kind: BridgeStatusError, status: 502 },
  { name: 'a 404', answer: () => bridgeProblem(404), kind: BridgeStatusError, status: 502 },
  { name: 'a 422', answer: () => bridgeProblem(422), kind: BridgeStatusError, status: 502 },
  {
    name: 'a redirect, which is not followed',
    answer: () => HttpResponse.redirect(`${bridgeUrl}/v3/providers/1`, 302),
    kind: BridgeStatusError,
    status: 502,
  },
  {
    name: 'a 429',
    answer: () => bridgeProblem(429),
    kind: BridgeStatusError,
    status: 429,
    excType: 'TooManyRequestsError',
  },
  {
    name: 'a closed connection',
    answer: () => HttpResponse.error(),
    kind: BridgeNetworkError,
    status: 503,
    tries: 3,
  },
  {
    name: 'HTML',
    answer: () => HttpResponse.html(`<h1>${secret}</h1>`),
    kind: BridgeSchemaError,
    status: 502,
  },
  {
    name: 'broken JSON',
    answer: () => new HttpResponse(`{"id":574,"iban":"${secret}`),
    kind: BridgeSchemaError,
    status: 502,
  },
  {
    name: 'another shape',
    answer: () => HttpResponse.json({ id: secret }),
    kind: BridgeSchemaError,
    status: 502,
  },
  {
    name: 'an id that is a digit string',
    answer: () => HttpResponse.json({ id: '574' }),
    kind: BridgeSchemaError,
    status: 502,
  },
  {
    name: 'an id that JSON rounded',
    answer: () => new HttpResponse('{"id":9007199254740993}'),
    kind: BridgeSchemaError,
    status: 502,
  },
  { name: 'null', answer: () => HttpResponse.json(null), kind: BridgeSchemaError, status: 502 },
  {
    name: 'an empty 200',
    answer: () => new HttpResponse(null),
    kind: BridgeSchemaError,
    status: 502,
  },
  {
    name: 'a 204 where a body is needed',
    answer: () => new HttpResponse(null, { status: 204 }),
    kind: BridgeSchemaError,
    status: 502,
  },
]

test.each(kinds)('$name becomes an error that says no more than it may', async (row) => {
  const { client, requests } = clientOf(Array.from({ length: 5 }, () => row.answer))

  const error = await rejection(client.providers.get(574), row.kind)

  expect(error).toMatchObject({ status: row.status, excType: row.excType ?? 'BridgeError' })
  expect(requests(path)).toHaveLength(row.tries ?? 1)
  expect(error.message).toMatch(/^Bridge .*\.$/)
  expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(
    new RegExp(`${secret}|the-client|token-`),
  )
})

test('a body that breaks off is a network error, and is read again', async () => {
  const cut = clientOf([() => halfBody('cut'), () => halfBody('cut')])
  const failing = Array.from({ length: 3 }, () => () => halfBody('cut'))

  const provider = await cut.client.providers.get(574)
  const lost = clientOf(failing)
  const error = await rejection(lost.client.providers.get(574), BridgeNetworkError)

  expect(provider).toEqual(aProvider())
  expect(error).toMatchObject({ status: 503, retryAfter: 30 })
})

test('a body that is too large is refused while it comes', async () => {
  let sent = 0
  const mebibyte = new Uint8Array(1024 * 1024).fill(32)
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1
      controller.enqueue(mebibyte)
    },
  })
  const { client } = clientOf([() => new HttpResponse(endless)])

  const error = await rejection(client.providers.get(574), BridgeSchemaError)

  expect(error.detail).toBe('GET /v3/providers/{id}: body too large')
  expect(sent).toBeLessThan(8)
})

test.each([
  ['no answer', () => never],
  ['a body that never ends', () => halfBody('hang')],
])('%s in time is a timeout, and is not tried again', async (_, answer) => {
  const { client, requests, reported } = clientOf([answer], 20)

  const error = await rejection(client.providers.get(574), BridgeTimeoutError)

  expect(error).toMatchObject({ status: 504, detail: 'GET /v3/providers/{id}: no answer in 20 ms' })
  expect(requests(path)).toHaveLength(1)
  expect(reported).toMatchObject([{ attempt: 1, error: 'BridgeTimeoutError' }])
})

test('a caller who gives up ends the call at once', async () => {
  const caller = new AbortController()
  const { client, requests } = clientOf([
    () => {
      caller.abort()
      return never
    },
  ])

  const call = client.within(caller.signal).providers.get(574)

  expect(await rejection(call, BridgeTimeoutError)).toMatchObject({ status: 504 })
  expect(requests(path)).toHaveLength(1)
})

test('a caller who has given up already sends nothing', async () => {
  const { client, calls, uuid } = testClient()
  const gone = client.within(AbortSignal.abort())

  await rejection(gone.providers.get(574), BridgeTimeoutError)

  expect(calls).toEqual([])
  await rejection(gone.items.list(uuid), BridgeTimeoutError)
})

test('a budget that ends while waiting leaves the reason for the wait', async () => {
  const caller = new AbortController()
  const { client, requests } = testClient(
    [http.get(`${bridgeUrl}${path}`, () => bridgeProblem(503))],
    {
      sleep: async (_ms, signal) => {
        caller.abort()
        signal?.throwIfAborted()
      },
    },
  )

  const error = await rejection(client.within(caller.signal).providers.get(574), BridgeStatusError)

  expect(error.bridgeStatus).toBe(503)
  expect(requests(path)).toHaveLength(1)
})

test('a read is repeated after 5xx, and what it did is reported', async () => {
  const { client, waits, reported } = clientOf([
    () => bridgeProblem(500),
    () => HttpResponse.error(),
  ])

  expect(await client.providers.get(574)).toEqual(aProvider())

  const route = '/v3/providers/{id}'
  expect(waits).toEqual([100, 200])
  expect(reported).toEqual([
    { method: 'GET', route, status: 500, durationMs: 0, attempt: 1, error: 'BridgeStatusError' },
    {
      method: 'GET',
      route,
      status: undefined,
      durationMs: 0,
      attempt: 2,
      error: 'BridgeNetworkError',
    },
    { method: 'GET', route, status: 200, durationMs: 0, attempt: 3 },
  ])
})

test('a 429 that names a short wait is waited for', async () => {
  const { client, waits } = clientOf([() => bridgeProblem(429, {}, { 'retry-after': '2' })])

  expect(await client.providers.get(574)).toEqual(aProvider())

  expect(waits).toEqual([2000])
})

test('a 429 that names a long wait goes to the caller, with the wait', async () => {
  const { client, waits } = clientOf([() => bridgeProblem(429, {}, { 'retry-after': '42' })])

  const error = await rejection(client.providers.get(574), BridgeStatusError)

  expect(error).toMatchObject({ status: 429, retryAfter: 42 })
  expect(error.message).toContain('42 seconds')
  expect(waits).toEqual([])
})

test.each([
  [429, '999999999'],
  [429, 'Fri, 31 Dec 9999 23:59:59 GMT'],
  [503, '86400'],
])('a %i that names a wait of %s asks for five minutes', async (status, wish) => {
  const { client } = clientOf([() => bridgeProblem(status, {}, { 'retry-after': wish })])

  const error = await rejection(client.providers.get(574), BridgeStatusError)

  expect(error).toMatchObject({ wait: 300, retryAfter: 300 })
})

test('a write is never repeated, a deletion only when the answer was lost', async () => {
  const { client, requests } = testClient([
    http.post(`${bridgeUrl}/v3/aggregation/users`, () => HttpResponse.error()),
    http.delete(`${bridgeUrl}/v3/aggregation/users/lost`, () => HttpResponse.error()),
    http.delete(`${bridgeUrl}/v3/aggregation/users/failed`, () => bridgeProblem(500)),
  ])

  await rejection(client.users.create({ externalUserId: 'x' }), BridgeNetworkError)
  await rejection(client.users.delete('lost'), BridgeNetworkError)
  await rejection(client.users.delete('failed'), BridgeStatusError)

  expect(requests('/v3/aggregation/users')).toHaveLength(1)
  expect(requests('/v3/aggregation/users/lost')).toHaveLength(3)
  expect(requests('/v3/aggregation/users/failed')).toHaveLength(1)
})

test.each([
  ['flat', { code: 'invalid_parameter', message: 'm', property: 'user_email' }],
  ['wrapped', { errors: [{ code: 'invalid_parameter', message: 'm', property: 'user_email' }] }],
  ['of 2021', { type: 'invalid_parameter', message: 'm', property: 'user_email' }],
])('an error body is read when it is %s', async (_, body) => {
  const { client } = clientOf([() => HttpResponse.json(body, { status: 400 })])

  const error = await rejection(client.providers.get(574), BridgeStatusError)

  expect(error).toMatchObject({ code: 'invalid_parameter', property: 'user_email' })
  expect(error.detail).toBe('GET /v3/providers/{id}: 400 invalid_parameter (user_email)')
  expect(error.message).toContain('(user_email)')
})

test.each([
  ['empty', ''],
  ['no JSON', 'oops'],
  ['a list', '[]'],
  ['null', 'null'],
  ['words for codes', '{"code":"User jane@example.com exists","property":{"a":1}}'],
  ['an empty list of errors', '{"errors":[]}'],
  ['100 KB', JSON.stringify({ code: 'x', message: 'm'.repeat(100_000) })],
])('an error body that is %s leaves the status', async (_, body) => {
  const { client } = clientOf([() => new HttpResponse(body, { status: 400 })])

  const error = await rejection(client.providers.get(574), BridgeStatusError)

  expect(error.detail).toBe('GET /v3/providers/{id}: 400')
})
