import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { methods } from '../../../src/routes/index.ts'
import { aServedSite, exchangeBytes, type Served } from '../../contract/wire/served.ts'

const last = 'Connection: close'

const words = fc.constantFrom(
  ...`item_id account_id user site lang since until min_date request redirect_url base_url
  webhook_url bank bank_id category_id email api_key api_secret cmd sid data flags __proto__
  constructor`.split(/\s+/),
  '',
)
const values = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '4568477',
    '1e3',
    'fr',
    '2025-03-10',
    '9'.repeat(400),
    '\0',
    '\ud800',
  ),
  fc.constantFrom(
    '2025-13-45T99:99',
    'https://erp.acme.test/app',
    'javascript:0',
    '//',
    '[[[[',
    '{}',
  ),
  fc.string({ unit: 'binary' }),
)
/** JSON that outgrows the stack of whatever walks it by recursion. */
const deep = fc
  .tuple(fc.constantFrom(10, 1_000, 20_000, 60_000), fc.constantFrom(['[', ']'], ['{"a":', '}']))
  .map(
    ([depth, [open, close]]) =>
      `${open.repeat(depth)}${open === '[' ? '' : '1'}${close.repeat(depth)}`,
  )
/** JSON that throws where it is made text, or passes for what it is not. */
const odd = fc.constantFrom(
  '{"toString":1,"valueOf":1}',
  '{"toJSON":1}',
  '{"length":1e9}',
  '{"then":{}}',
  '[{"toString":null}]',
  '[[]]',
  '9007199254740993',
  '-0',
  'null',
)
const jsonText = fc.oneof(
  fc
    .dictionary(words, fc.oneof(values, fc.jsonValue({ maxDepth: 3 })))
    .map((fields) => JSON.stringify(fields)),
  fc.json(),
  deep,
  fc.constantFrom(
    '{"__proto__":{"item_id":1}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"item_id":1,"item_id":2}',
    '{"user":"\\ud800"}',
    '{"user":"\\u0000"}',
    '{"item_id":1e999}',
    '{"a":',
    '\ufeff{}',
  ),
)

/** Percent-encoding that may be broken, names that may come twice. */
const fields = fc.array(fc.tuple(words, values), { maxLength: 8 }).map((pairs) =>
  pairs
    .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
    .concat(pairs.length > 5 ? ['%', 'a=%E9%', '=', '&&'] : [])
    .join('&'),
)

const multipart = fc
  .array(fc.tuple(words, values), { maxLength: 4 })
  .map(
    (parts) =>
      parts
        .map(
          ([name, value]) =>
            `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
        )
        .join('') + '--b--\r\n',
  )

const content = fc.oneof(
  jsonText.map((body) => ({ type: 'application/json', body })),
  fields.map((body) => ({ type: 'application/x-www-form-urlencoded', body })),
  multipart.map((body) => ({ type: 'multipart/form-data; boundary=b', body })),
  fc.record({
    type: fc.constantFrom(
      'text/plain',
      'multipart/form-data',
      'application/json; charset=utf-16',
      '',
      ';;;',
      '*/*',
    ),
    body: fc.oneof(jsonText, fields, fc.string({ unit: 'binary' })),
  }),
  fc.constant({ type: 'application/json', body: `{"a":"${'x'.repeat(300 * 1024)}"}` }),
)

const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...methods.map(({ name }) => `/api/method/${name}`)) },
  fc.constantFrom(...methods.map(({ name }) => `/api/v2/method/${name}/`)),
  fc.constantFrom('/', '/api', '/api/method/ping', '/api/method/logout', '/api/method/__proto__'),
  fc.constantFrom(
    '/api/method/%00',
    '/api/method/%ff',
    '/api/v1/method//',
    '/%2e%2e/',
    '/api/../x',
  ),
  fc.webSegment().map((name) => `/api/method/${name}`),
)

const headers = fc
  .subarray([
    'Accept: text/html',
    'Accept-Language: fr;q=0, \xe9',
    'Bridge-Version: 2021-06-01',
    'Bridge-Version: 1',
    'Cookie: sid=Guest; a=b',
    'Expect: 100-continue',
    'X-Forwarded-For: 1.2.3.4, \xff',
    'Expect: nothing we know',
    'Content-Encoding: gzip',
    'Origin: null',
  ])
  .filter((lines) => new Set(lines.map((line) => line.split(':', 1)[0])).size === lines.length)

interface Request {
  verb: string
  target: string
  caller: 'known' | 'stranger' | 'none'
  headers: string[]
  content: { type: string; body: string }
  framing: 'sized' | 'chunked'
}

/** What gets past every door: a good key, a method, and odd JSON where the method looks for its arguments. */
const aimed: fc.Arbitrary<Request> = fc.constantFrom(...methods).chain(({ name, params }) => {
  const own = params instanceof z.ZodObject ? Object.keys(params.shape) : []
  const pair = fc.tuple(fc.constantFrom(...own, 'lang', 'data', 'cmd'), fc.oneof(odd, odd, deep))
  return fc
    .uniqueArray(pair, { minLength: 1, maxLength: 3, selector: ([argument]) => argument })
    .map((pairs) => ({
      verb: 'POST',
      target: `/api/method/${name}`,
      caller: 'known',
      headers: [],
      content: {
        type: 'application/json',
        body: `{${pairs.map(([argument, json]) => `"${argument}":${json}`).join(',')}}`,
      },
      framing: 'sized',
    }))
})

const anything: fc.Arbitrary<Request> = fc.record({
  verb: fc.constantFrom(
    'GET',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'HEAD',
    'QUERY',
    'TRACE',
  ),
  target: fc
    .tuple(path, fc.oneof(fc.constant(''), fields))
    .map(([path, query]) => (query === '' ? path : `${path}?${query}`)),
  caller: fc.constantFrom('known', 'known', 'known', 'stranger', 'none'),
  headers,
  content,
  framing: fc.constantFrom('sized', 'chunked'),
})

const request = fc.oneof(anything, aimed)

/** A request as it goes over the wire, without an end to its connection. */
function toBytes({ verb, target, caller, headers, content, framing }: Request, served: Served) {
  const authorization = { known: served.key.authorization, stranger: 'token a:b', none: undefined }
  const body = Buffer.from(content.body)
  const chunked = body.length === 0 ? '' : `${body.length.toString(16)}\r\n`
  const head = [
    `${verb} ${target} HTTP/1.1`,
    'Host: bank.test',
    ...(authorization[caller] === undefined ? [] : [`Authorization: ${authorization[caller]}`]),
    ...headers,
    `Content-Type: ${content.type}`,
    framing === 'sized' ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked',
  ]
  const framed =
    framing === 'sized'
      ? [body]
      : [Buffer.from(chunked), body, Buffer.from(chunked === '' ? '0\r\n\r\n' : '\r\n0\r\n\r\n')]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), ...framed])
}

interface Reply {
  status: number
  headers: string
  body: string
}

/** The replies in what came back on one connection; `verbs` says which have no body. */
function readReplies(bytes: Buffer, verbs: readonly string[]): Reply[] {
  const replies: Reply[] = []
  let rest = bytes
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n')
    expect(end).toBeGreaterThan(0)
    const headers = rest.subarray(0, end).toString('latin1').toLowerCase()
    const status = Number(headers.slice(9, 12))
    rest = rest.subarray(end + 4)
    if (status === 100) continue
    const length =
      verbs[replies.length] === 'HEAD' ? 0 : Number(/content-length: (\d+)/.exec(headers)?.[1])
    replies.push({ status, headers, body: rest.subarray(0, length).toString() })
    rest = rest.subarray(length)
  }
  return replies
}

/** Frappe's shape, whatever was asked. */
function isFrappes({ status, headers, body }: Reply, { verb, target }: Request): void {
  expect(status).toBeLessThan(500)
  expect(status).toBeGreaterThanOrEqual(200)
  if (verb === 'HEAD') return expect(body).toBe('')
  if (verb === 'OPTIONS' && status === 200) return expect(body).toBe('')
  // A browser is shown the page of whoever comes by hand.
  if (verb === 'GET' && /^\/(\?|$)/.test(target) && headers.includes('content-type: text/html'))
    return expect(body).toMatch(/^<!doctype html>/)
  expect(headers).toContain('content-type: application/json\r\n')
  const answer = JSON.parse(body) as Record<string, unknown>
  if (status === 200) {
    const key = target.startsWith('/api/v2/') ? 'data' : 'message'
    return expect(Object.keys(answer)).toEqual('{}' === body ? [] : [key])
  }
  expect(answer).not.toHaveProperty('message')
  if ('errors' in answer) return expect(answer['errors']).toMatchObject([{ indicator: 'red' }])
  expect(answer['exception']).toMatch(/^frappe\.exceptions\.\w+: /)
  expect(JSON.parse(answer['exc'] as string)).toEqual([answer['exception']])
  for (const text of JSON.parse(answer['_server_messages'] as string) as string[]) {
    expect(JSON.parse(text)).toMatchObject({ indicator: 'red', raise_exception: 1 })
  }
}

/** A served site whose process must stay without a stray rejection until the test ends. */
async function aWatchedSite(): Promise<Served> {
  const stray: unknown[] = []
  const note = (reason: unknown) => void stray.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('unhandledRejection', note)
    expect(stray).toEqual([])
  })
  return aServedSite({ ALLOW_HTTP: 'true' })
}

const finalPing = Buffer.from(`GET /api/method/ping HTTP/1.1\r\nHost: bank.test\r\n${last}\r\n\r\n`)

/** Sends the requests in one breath, then a ping that ends the connection. */
async function pipeline(served: Served, requests: readonly Request[]): Promise<Reply[]> {
  const socket = connect(served.port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {}) // a server that has said no may reset what is still on its way
  socket.write(Buffer.concat([...requests.map((sent) => toBytes(sent, served)), finalPing]))
  await once(socket, 'close')
  return readReplies(
    Buffer.concat(chunks),
    requests.map(({ verb }) => verb),
  )
}

/** Every reply that came has Frappe's shape; one that ends the connection is the last. */
function checkReplies(replies: readonly Reply[], requests: readonly Request[]): void {
  const ended = replies.findIndex(({ headers }) => headers.includes('connection: close'))
  expect(replies.length).toBeGreaterThan(0)
  expect(ended).toBe(replies.length - 1)
  for (const [index, reply] of replies.entries()) {
    isFrappes(reply, requests[index] ?? { ...requests[0]!, verb: 'GET', target: '/ping' })
  }
}

test('whatever is asked, one request or several in one breath: Frappe’s shape, and never a 500', async () => {
  const served = await aWatchedSite()

  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 4 }), async (requests) => {
      checkReplies(await pipeline(served, requests), requests)
    }),
    { numRuns: 700 },
  )
})

test('bytes that are no HTTP get an answer or none, and the next caller is served', async () => {
  const served = await aWatchedSite()
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'GET / HTTP/1.1\r\n',
      'Host: x\r\n',
      '\r\n',
      'Content-Length: 5\r\n',
      ' : \r\n',
    ),
    fc.constantFrom(
      'Transfer-Encoding: chunked\r\n',
      'Content-Length: -1\r\n',
      '\0',
      'ffffffff\r\n',
    ),
  )

  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1 }), async (pieces) => {
      const socket = open(served)
      socket.end(pieces.join(''))
      await once(socket, 'close')
    }),
    { numRuns: 200 },
  )

  expect(String(await exchangeBytes(served.port, String(finalPing)))).toContain(
    '{"message":"pong"}',
  )
})

test('callers who stop half-way or send a byte at a time hold nobody up', async () => {
  const served = await aWatchedSite()
  const half = toBytes(
    {
      verb: 'POST',
      target: '/api/method/bank_api.bridge.get_bank_accounts',
      caller: 'known',
      headers: [],
      content: { type: 'application/json', body: JSON.stringify({ item_id: served.bank.itemId }) },
      framing: 'sized',
    },
    served,
  )
  const waiting = Array.from({ length: 50 }, () => open(served))
  for (const socket of waiting) socket.write(half.subarray(0, -3))

  const slow = open(served)
  const received = once(slow, 'data')
  for (const byte of half) {
    slow.write(Buffer.from([byte]))
    await turn()
  }
  const pong = await exchangeBytes(served.port, String(finalPing))
  for (const socket of waiting) socket.destroy()

  expect(String(await received)).toMatch(/^HTTP\/1\.1 200 /)
  expect(String(pong)).toContain('{"message":"pong"}')
  slow.destroy()
})

test('memory stays flat, however much of it comes', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const served = await aWatchedSite()
  served.app.log.level = 'silent'
  const sample = fc.sample(fc.array(request, { minLength: 1, maxLength: 3 }), {
    numRuns: 40,
    seed: 7,
  })
  const heap: number[] = []

  for (let round = 0; round < 8; round += 1) {
    for (const requests of sample) await pipeline(served, requests)
    served.log.length = 0
    served.bridge.calls.length = 0
    served.world.sessions.length = 0
    collect()
    heap.push(process.memoryUsage().heapUsed)
  }

  const [warm, end] = [heap[3]!, heap.at(-1)!]
  expect((end - warm) / 2 ** 20).toBeLessThan(4)
})

/** A connection that is gone with the test, and does not mind being cut. */
function open({ port }: Served): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  onTestFinished(() => void socket.destroy())
  return socket
}
