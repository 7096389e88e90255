import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { TooManyRequestsError } from '../../../src/errors.ts'
import { mergeParameters, parseFields } from '../../../src/frappe/parameters.ts'
import { aSite, call, opened, path } from './site.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const json = { 'content-type': 'application/json' }

const multipart = (...parts: [disposition: string, value: string][]) => ({
  headers: { 'content-type': 'multipart/form-data; boundary="--b-1"' },
  body: `${parts.map(([disposition, value]) => `----b-1\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`).join('')}----b-1--\r\n`,
})

type Sent = InjectOptions & { url?: string }

test('what is read has no prototype, whatever it was', () => {
  const bodies = [undefined, { fields: parseFields('a=1') }, { json: { a: 1 } }, { json: [1] }]

  for (const body of bodies) {
    expect(Object.getPrototypeOf(mergeParameters(parseFields(''), body))).toBeNull()
  }
})

const seen: [title: string, request: Sent, args: object][] = [
  ['nothing', {}, {}],
  ['an empty value', { url: '?a=' }, { a: '' }],
  ['a name without a value', { url: '?a' }, { a: '' }],
  ['two equal names in the query', { url: '?a=1&a=2' }, { a: '1' }],
  ['two equal names in a form', { headers: form, body: 'a=1&a=2' }, { a: '1' }],
  ['an empty value first', { url: '?a=&a=2' }, { a: '' }],
  ['a plus and percent signs', { url: '?a=x+y%2Bz%26&b=%C3%A9' }, { a: 'x y+z&', b: 'é' }],
  ['broken percent signs', { url: '?a=%&b=%zz&c=%C3' }, { a: '%', b: '%zz', c: '\uFFFD' }],
  ['a JSON text in the query', { url: '?a=[1]' }, { a: '[1]' }],
  ['a form over the query', { url: '?a=1&b=2', headers: form, body: 'a=3' }, { a: '3', b: '2' }],
  ['a form that is empty', { url: '?a=1', headers: form, body: '' }, { a: '1' }],
  [
    'a form with a charset',
    {
      headers: { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' },
      body: 'a=1',
    },
    { a: '1' },
  ],
  ['JSON over the query', { url: '?a=1&b=2', headers: json, body: '{"a":3}' }, { a: 3 }],
  ['JSON that is empty', { url: '?a=1', headers: json, body: '' }, { a: '1' }],
  ['an empty JSON object', { url: '?a=1', headers: json, body: '{}' }, {}],
  ['nested JSON', { headers: json, body: '{"a":{"b":[1,null]}}' }, { a: { b: [1, null] } }],
  ['a JSON list', { url: '?a=1', headers: json, body: '[1,2]' }, { data: [1, 2] }],
  [
    'a +json type',
    { headers: { 'content-type': 'application/vnd.api+json' }, body: '{"a":1}' },
    { a: 1 },
  ],
  [
    'text/json, which is not JSON to Frappe',
    { url: '?a=1', headers: { 'content-type': 'text/json' }, body: '{"a":2}' },
    { a: '1' },
  ],
  [
    'plain text',
    { url: '?a=1', headers: { 'content-type': 'text/plain' }, body: 'a=2' },
    { a: '1' },
  ],
  [
    'a type that is none',
    { url: '?a=1', headers: { 'content-type': ';;nonsense' }, body: 'a=2' },
    { a: '1' },
  ],
  ['no type', { url: '?a=1', body: Buffer.from('{"a":2}') }, { a: '1' }],
  [
    'a multipart form',
    { url: '?a=1&b=2', ...multipart(['name="a"', '3'], ['name="a"', '4']) },
    { a: '3', b: '2' },
  ],
  [
    'a file beside a field',
    multipart(['name="a"', '1'], ['name="f"; filename="x.txt"', 'file']),
    { a: '1' },
  ],
  [
    'names of Object.prototype',
    multipart(['name="toString"', '1'], ['name="__proto__"', '2']),
    { toString: '1' },
  ],
]

test.each(seen)('%s reaches the method as Frappe would pass it', async (_title, request, args) => {
  const { app } = await aSite()

  const reply = await call(app, {
    method: 'POST',
    ...request,
    url: path('echo') + (request.url ?? ''),
  })

  expect(reply.json()).toEqual(Object.keys(args).length === 0 ? { message: {} } : { message: args })
  expect(reply.statusCode).toBe(200)
})

const reserved = [
  '_',
  'csrf_token',
  'cmd',
  'sid',
  '_lang',
  'flags',
  'ignore_permissions',
  'api_key',
  'api_secret',
]

test('reserved names never reach a method, from anywhere', async () => {
  const { app } = await aSite()
  const fields = new URLSearchParams(reserved.map((name) => [name, 'x'])).toString()
  const object = JSON.stringify({
    ...Object.fromEntries(reserved.map((name) => [name, 'x'])),
    a: 1,
  })

  const inQuery = await call(app, { url: `${path('echo')}?a=1&${fields}` })
  const inForm = await call(app, {
    method: 'POST',
    url: path('echo'),
    headers: form,
    body: `a=1&${fields}`,
  })
  const inJson = await call(app, { method: 'POST', url: path('echo'), headers: json, body: object })

  expect(inQuery.json()).toEqual({ message: { a: '1' } })
  expect(inForm.json()).toEqual({ message: { a: '1' } })
  expect(inJson.json()).toEqual({ message: { a: 1 } })
})

test('a key without its secret is no credential: a method may be asked about it', async () => {
  const { app } = await aSite()

  const reply = await call(app, { url: `${path('echo')}?api_key=another&a=1` })

  expect(reply.json()).toEqual({ message: { api_key: 'another', a: '1' } })
})

test('a cmd does not lead a named call elsewhere', async () => {
  const { app } = await aSite()

  const reply = await call(app, { url: '/api/method/ping?cmd=bank_api.bridge.echo' })

  expect(reply.json()).toEqual({ message: 'pong' })
})

test.each<[title: string, request: Sent, args: object]>([
  ['the query', { url: '?__proto__=1&constructor=2&a=3' }, { constructor: '2', a: '3' }],
  [
    'JSON',
    {
      method: 'POST',
      headers: json,
      body: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":3}',
    },
    { constructor: { prototype: { polluted: 1 } }, a: 3 },
  ],
])('names that could reach a prototype are inert in %s', async (_title, request, args) => {
  const { app } = await aSite()

  const reply = await call(app, { ...request, url: path('echo') + (request.url ?? '') })

  expect(reply.json()).toEqual({ message: args })
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})

test.each(['text', '3', 'true', 'null', '"a"'])(
  'the JSON %s is no set of arguments',
  async (body) => {
    const { app } = await aSite()

    const reply = await call(app, { method: 'POST', url: path('echo'), headers: json, body })

    expect(reply.statusCode).toBe(417)
  },
)

test.each([
  ['no boundary', { headers: { 'content-type': 'multipart/form-data' }, body: 'x' }],
  ['a body cut short', { ...multipart(['name="a"', '1']), body: '----b-1\r\nContent-Disp' }],
])('a multipart form with %s is a 417', async (_title, request) => {
  const { app } = await aSite()

  const reply = await call(app, { method: 'POST', url: path('echo'), ...request })

  expect(reply.statusCode).toBe(417)
  expect(opened(reply.body).exc).toEqual(['frappe.exceptions.DataError: Invalid request body'])
})

const large = 'x'.repeat(256 * 1024)

test.each([
  ['JSON', 'POST' as const, json, JSON.stringify({ a: large })],
  ['a form', 'PUT' as const, form, `a=${large}`],
  ['a form by GET', 'GET' as const, form, `a=${large}`],
  ['text nobody reads', 'POST' as const, { 'content-type': 'text/plain' }, `a=${large}`],
  [
    'a file',
    'POST' as const,
    multipart().headers,
    multipart(['name="f"; filename="f"', large]).body,
  ],
])('a body over 256 KiB is a 413: %s', async (_title, method, headers, body) => {
  const { app } = await aSite()

  const reply = await call(app, { method, url: path('echo'), headers, body })

  expect(reply.statusCode).toBe(413)
  expect(opened(reply.body)).toMatchObject({ exc_type: 'ValidationError' })
})

test('a body of exactly 256 KiB is read', async () => {
  const { app } = await aSite()

  const reply = await call(app, {
    method: 'POST',
    url: path('get_bank_transactions'),
    headers: form,
    body: `z=${large.slice(2)}`,
  })

  expect(reply.statusCode).toBe(200)
})

const fieldsOf = (count: number) => Array.from({ length: count }, (_, index) => `f${index}`)

const withFields: [title: string, sent: (names: string[]) => Sent][] = [
  ['a query', (names) => ({ method: 'GET', url: `?${names.join('&')}` })],
  ['a form', (names) => ({ method: 'POST', headers: form, body: names.join('&') })],
  ['a form by GET', (names) => ({ method: 'GET', headers: form, body: names.join('&') })],
  ['a query beside JSON', (names) => ({ headers: json, body: '{}', url: `?${names.join('&')}` })],
  [
    'multipart',
    (names) => multipart(...names.map((name): [string, string] => [`name="${name}"`, '1'])),
  ],
  [
    'JSON',
    (names) => ({
      headers: json,
      body: JSON.stringify(Object.fromEntries(names.map((name) => [name, ',{[\\"']))),
    }),
  ],
  [
    'JSON within JSON',
    (names) => ({
      headers: json,
      body: JSON.stringify({ a: Object.fromEntries(names.slice(1).map((name) => [name, 1])) }),
    }),
  ],
  ['a JSON list', (names) => ({ headers: json, body: JSON.stringify(names) })],
]

test.each(withFields)('%s of more than a thousand fields is refused', async (_title, sent) => {
  const { app } = await aSite()
  const visit = (count: number) => {
    const { url = '', ...request } = sent(fieldsOf(count))
    return call(app, { method: 'POST', ...request, url: path('get_bank_transactions') + url })
  }

  const most = await visit(1_000)
  const more = await visit(1_001)

  expect(most.statusCode).toBe(200)
  expect(more.statusCode).toBe(417)
  expect(more.json()).toMatchObject({ exc_type: 'ValidationError', code: 'too_many_fields' })
})

test.each<[title: string, request: Sent]>([
  ['JSON', { headers: json, body: `[${'{},'.repeat(1_001)}` }],
  ['multipart', { ...multipart(), body: '----b-1\r\n'.repeat(4_002) }],
  ['the head of one part', { ...multipart(), body: `----b-1\r\n${'a:b\r\n'.repeat(4_001)}` }],
])('of %s with too many fields nothing is parsed', async (_title, request) => {
  const { app } = await aSite()

  const reply = await call(app, { method: 'POST', ...request, url: path('echo') })

  expect(reply.json()).toMatchObject({ code: 'too_many_fields' })
})

test('whoever has no key is counted before a query with too many fields is refused', async () => {
  const { app } = await aSite({
    unauthenticated() {
      throw new TooManyRequestsError('too_many_calls', {})
    },
  })

  const reply = await app.inject({ url: `${path('open_to_all')}?${fieldsOf(1_001).join('&')}` })

  expect(reply.statusCode).toBe(429)
})
