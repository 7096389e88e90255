import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { aSite, opened, path, token } from './site.ts'

/** Sends bytes as they are on one connection and resolves with all that came back until it closed. */
async function exchange(...requests: string[]): Promise<string> {
  const { app } = await aSite()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.write(requests.join(''), 'latin1')
  await once(socket, 'close')
  return received
}

const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: site.test', ...headers, '', ''].join('\r\n')

const last = 'Connection: close'
const auth = `Authorization: ${token}`
const jsonType = 'Content-Type: application/json'

const bodyOf = (reply: string) => reply.slice(reply.indexOf('\r\n\r\n') + 4)

test('an answer carries its length and type, no charset, no cookie', async () => {
  const reply = await exchange(head('GET /api/method/ping', last))

  const [status, ...headers] = reply.split('\r\n\r\n', 1)[0]!.split('\r\n')
  const names = headers.map((header) => header.split(':', 1)[0]!.toLowerCase())
  expect(status).toBe('HTTP/1.1 200 OK')
  expect(headers).toContain('content-type: application/json')
  expect(headers).toContain('content-length: 18')
  expect(names.toSorted()).toEqual([
    'cache-control',
    'connection',
    'content-length',
    'content-type',
    'date',
  ])
  expect(bodyOf(reply)).toBe('{"message":"pong"}')
})

test('HEAD is a 403 that sends no body, and the connection goes on', async () => {
  const reply = await exchange(head('HEAD /api/method/ping'), head('GET /api/method/ping', last))

  expect(reply).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
  expect(reply).toMatch(/content-length: [1-9]\d\d\r\n/)
  expect(reply).not.toContain('exc_type')
  expect(bodyOf(bodyOf(reply))).toBe('{"message":"pong"}')
})

test('pipelined requests are answered in order, read bodies and unread ones alike', async () => {
  const body = '{"a":1}'
  const sized = `Content-Length: ${body.length}`
  const reply = await exchange(
    head(`POST ${path('echo')}`, auth, jsonType, sized) + body,
    head(`GET ${path('echo')}`, auth, jsonType, sized) + body,
    head(`PUT ${path('echo')}`, jsonType, sized) + body,
    head('DELETE /api/nope', jsonType, sized) + body,
    head(`PATCH ${path('echo')}`, auth, jsonType, sized) + body,
    head(`OPTIONS ${path('echo')}`, jsonType, sized) + body,
    head('GET /api/method/ping', last),
  )

  expect(reply.match(/HTTP\/1\.1 \d+/g)).toEqual(
    [200, 200, 403, 404, 403, 200, 200].map((status) => `HTTP/1.1 ${status}`),
  )
  expect(reply.match(/\{"message":[^}]*\}+/g)).toEqual([
    '{"message":{"a":1}}',
    '{"message":{"a":1}}',
    '{"message":"pong"}',
  ])
})

test('a chunked body is read from a caller we know', async () => {
  const chunks = '3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
  const chunked = 'Transfer-Encoding: chunked'

  const posted = await exchange(
    head(`POST ${path('echo')}`, auth, jsonType, chunked, last) + chunks,
  )
  const got = await exchange(head(`GET ${path('echo')}`, auth, jsonType, chunked, last) + chunks)

  expect(bodyOf(posted)).toBe('{"message":{"a":1}}')
  expect(bodyOf(got)).toBe('{"message":{"a":1}}')
})

test.each(['POST', 'GET'])('a chunked body that grows too large is a 413: %s', async (verb) => {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`

  const reply = await exchange(
    head(`${verb} ${path('echo')}`, auth, 'Transfer-Encoding: chunked', last),
    chunk.repeat(5),
    '0\r\n\r\n',
  )

  expect(reply).toMatch(/^HTTP\/1\.1 413 /)
})

test('a stranger is refused before the body has come', async () => {
  const { app } = await aSite()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  const received = once(socket, 'data')

  socket.write(head(`POST ${path('echo')}`, jsonType, 'Content-Length: 200000'))

  expect(String(await received)).toMatch(/^HTTP\/1\.1 403 /)
  socket.destroy()
})

test('a stranger’s chunked body is not read, even where a small one would be', async () => {
  const reply = await exchange(
    head(`POST ${path('echo')}`, jsonType, 'Transfer-Encoding: chunked', last),
    '4\r\n{bad\r\n0\r\n\r\n',
  )

  expect(reply).toMatch(/^HTTP\/1\.1 403 /)
})

test('bytes that are no UTF-8 and broken percent signs in a query do no harm', async () => {
  const reply = await exchange(
    head(`GET ${path('echo')}?a=Soci%E9t%&b=Cr%C3%A9dit+Agricole`, auth, last),
  )

  expect(reply).toMatch(/^HTTP\/1\.1 200 /)
  expect(reply).toContain('Agricole')
})

test.each([
  ['no HTTP at all', 'nonsense\r\n\r\n', 400],
  ['a header line without a colon', head('GET /api/method/ping', 'nonsense'), 400],
  ['an address that is not ASCII', head('GET /api/method/cr\u00e9dit'), 400],
  ['headers without end', head('GET /api/method/ping', `X: ${'x'.repeat(20_000)}`), 431],
])('what Node cannot parse has the same shape: %s', async (_title, bytes, status) => {
  const reply = await exchange(bytes)

  expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(opened(bodyOf(reply))).toMatchObject({ exc_type: 'ValidationError' })
})

test('what cannot be read ends an answer that has begun, and puts none into its middle', async () => {
  const { app } = await aSite()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString('latin1')))
  socket.once('data', () => socket.write('nonsense\r\n\r\n'))

  socket.write(head(`GET ${path('large')}`, auth))
  await once(socket, 'close')

  expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
})

test('an answer that is not ASCII is raw UTF-8 with its length in bytes', async () => {
  const reply = await exchange(
    head(`GET ${path('get_bridge_item_id')}?request=a1b2c3d4e5`, auth, last),
  )

  const body = Buffer.from(bodyOf(reply), 'latin1')
  expect(JSON.parse(body.toString())).toEqual({
    message: { item_id: 7654321, bank: 'Société Générale' },
  })
  expect(reply).toContain(`content-length: ${body.length}`)
})
