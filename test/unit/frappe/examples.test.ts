import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { aSite, basic, opened, path, token } from './site.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const json = { 'content-type': 'application/json', accept: 'application/json' }
const item = { item_id: 7654321, bank: 'Société Générale' }

const as = (authorization: string, headers: Record<string, string> = {}) => ({
  headers: { authorization, ...headers },
})

const answered: [title: string, request: InjectOptions, body: object][] = [
  [
    'the credential test by token',
    { url: '/api/method/frappe.auth.get_logged_user', ...as(token, json) },
    { message: 'bank@client.example' },
  ],
  [
    'the credential test by Basic',
    { url: '/api/method/frappe.auth.get_logged_user', ...as(basic) },
    { message: 'bank@client.example' },
  ],
  [
    'a form by POST, with a string for an answer',
    {
      method: 'POST',
      url: path('get_bridge_connect_link'),
      ...as(token, form),
      body: 'base_url=https%3A%2F%2Fclient.example&bank=Soci%C3%A9t%C3%A9+G%C3%A9n%C3%A9rale&redirect_url=https%3A%2F%2Fclient.example%2Fapp&site=client-1',
    },
    { message: 'https://connect.example/session/5f0c2a' },
  ],
  [
    'JSON by POST',
    {
      method: 'POST',
      url: path('get_bridge_item_id'),
      ...as(token, json),
      body: '{"request":"a1b2c3d4e5"}',
    },
    { message: item },
  ],
  [
    'POST with all in the query and a trailing slash',
    { method: 'POST', url: `${path('get_bank_accounts')}/?item_id=7654321&user=u-1`, ...as(basic) },
    { message: [{ id: 11, item_id: 7654321, name: 'Compte courant' }] },
  ],
  [
    'a method that answers nothing',
    {
      method: 'POST',
      url: path('delete_bridge_item_id'),
      ...as(token, json),
      body: '{"item_id":7654321}',
    },
    {},
  ],
  [
    'an empty list, an unknown argument dropped',
    {
      url: `${path('get_bank_transactions')}?since=2025-01-01&lang=fr&unknown_argument=1`,
      ...as(token),
    },
    { message: [] },
  ],
  [
    'a JSON body, which hides the query',
    {
      method: 'POST',
      url: `${path('get_bridge_item_id')}?request=zzzzzzzzzz`,
      ...as(token, json),
      body: '{"request":"a1b2c3d4e5"}',
    },
    { message: item },
  ],
  [
    'a JSON content type on a GET without a body',
    {
      url: `${path('get_bridge_item_id')}?request=a1b2c3d4e5`,
      ...as(token, { 'content-type': 'application/json; charset=utf-8' }),
    },
    { message: item },
  ],
  ['ping', { url: '/api/method/ping' }, { message: 'pong' }],
  [
    'the root form, its cmd in the body',
    {
      method: 'POST',
      url: '/',
      ...as(basic, form),
      body: 'cmd=bank_api.bridge.get_bridge_item_id&request=a1b2c3d4e5',
    },
    { message: item },
  ],
  [
    'the root form, its cmd in the query',
    { url: '/?cmd=bank_api.bridge.get_bridge_item_id&request=a1b2c3d4e5', ...as(basic) },
    { message: item },
  ],
  ['logging out as a stranger', { url: '/?cmd=logout' }, {}],
  ['logging out by POST', { method: 'POST', url: '/?cmd=logout', ...as(token) }, {}],
  [
    'version 2 of the API',
    {
      method: 'POST',
      url: '/api/v2/method/bank_api.bridge.get_bridge_item_id',
      ...as(token, json),
      body: '{"request":"a1b2c3d4e5"}',
    },
    { data: item },
  ],
  ['version 2 with nothing to say', { url: '/api/v2/method/logout' }, {}],
  ['version 1 by its full name', { url: '/api/v1/method/ping' }, { message: 'pong' }],
  ['further segments', { url: '/api/method/ping/x/y/' }, { message: 'pong' }],
  ['a percent-encoded name', { url: '/api/method/%70ing' }, { message: 'pong' }],
]

test.each(answered)('%s is answered as Frappe does', async (_title, request, body) => {
  const { app } = await aSite()

  const reply = await app.inject(request)

  expect(reply.json()).toEqual(body)
  expect(reply.statusCode).toBe(200)
  expect(reply.headers['content-type']).toBe('application/json')
  expect(reply.headers['cache-control']).toBe('no-store')
  expect(reply.headers['content-length']).toBe(String(Buffer.byteLength(reply.body)))
  expect(reply.headers['set-cookie']).toBeUndefined()
})

const notWhitelisted = (method: string) =>
  '<details><summary>You are not permitted to access this resource.</summary>' +
  `Function <strong>bank_api.bridge.${method}</strong> is not whitelisted.</details>`

const unknown = (name: string, reason: string) =>
  `Failed to get method for command ${name} with ${reason}`

const refused: [
  title: string,
  request: InjectOptions,
  status: number,
  type: string,
  text: string,
][] = [
  [
    'no header',
    { url: path('get_bank_transactions') },
    403,
    'PermissionError',
    notWhitelisted('get_bank_transactions'),
  ],
  [
    'two spaces after the scheme',
    { url: path('echo'), ...as(token.replace(' ', '  ')) },
    403,
    'PermissionError',
    notWhitelisted('echo'),
  ],
  [
    'credentials in the query',
    { url: `${path('echo')}?api_key=a1b2c3d4e5f6a7b&api_secret=0123456789abcde` },
    403,
    'PermissionError',
    notWhitelisted('echo'),
  ],
  [
    'an unknown function of a known module',
    { url: path('get_nothing'), ...as(token) },
    417,
    'ValidationError',
    unknown(
      'bank_api.bridge.get_nothing',
      "module 'bank_api.bridge' has no attribute 'get_nothing'",
    ),
  ],
  [
    'an unknown function, asked by a guest',
    { url: path('get_nothing') },
    417,
    'ValidationError',
    unknown(
      'bank_api.bridge.get_nothing',
      "module 'bank_api.bridge' has no attribute 'get_nothing'",
    ),
  ],
  [
    'an unknown module',
    { url: '/api/method/bank_api.zzz.x', ...as(token) },
    417,
    'ValidationError',
    unknown('bank_api.zzz.x', "No module named 'bank_api.zzz'"),
  ],
  [
    'an unknown name without a dot',
    { url: '/api/method/version', ...as(token) },
    417,
    'ValidationError',
    unknown('version', "'version'"),
  ],
  [
    'an unknown command at the root',
    { url: '/?cmd=bank_api.bridge.x' },
    417,
    'ValidationError',
    unknown('bank_api.bridge.x', "module 'bank_api.bridge' has no attribute 'x'"),
  ],
  [
    'PATCH',
    { method: 'PATCH', url: '/api/method/ping', ...as(token) },
    403,
    'PermissionError',
    'Not permitted',
  ],
  [
    'a missing argument',
    { url: path('get_bridge_item_id'), ...as(token) },
    417,
    'MandatoryError',
    "Argument 'request' is required",
  ],
  [
    'a refusal of the method itself',
    { method: 'POST', url: path('post_item_refresh'), ...as(token, form), body: 'item_id=1' },
    417,
    'ValidationError',
    "Several users fit: say which one with 'user'",
  ],
  [
    'what is not there',
    { url: `${path('get_bridge_item_id')}?request=zzzzzzzzzz`, ...as(token) },
    404,
    'DoesNotExistError',
    'Connection request zzzzzzzzzz not found',
  ],
  [
    'a body that is no JSON',
    { method: 'POST', url: path('get_bridge_item_id'), ...as(token, json), body: '{bad' },
    417,
    'DataError',
    'Invalid request body',
  ],
  [
    'a body that is a JSON scalar',
    { method: 'POST', url: path('echo'), ...as(token, json), body: '3' },
    417,
    'ValidationError',
    'Invalid request arguments',
  ],
  ...['/api/nope', '/api/method', '/api/method/', '/api//method/ping', '/api/resource/User'].map(
    (url): (typeof refused)[number] => [
      `the unknown path ${url}`,
      { url, ...as(token) },
      404,
      'DoesNotExistError',
      'Not found',
    ],
  ),
  ['a path outside /api', { url: '/nope' }, 404, 'DoesNotExistError', 'Not found'],
  ['the root without a cmd', { url: '/' }, 404, 'DoesNotExistError', 'Not found'],
  ['PATCH on nothing', { method: 'PATCH', url: '/' }, 404, 'DoesNotExistError', 'Not found'],
]

test.each(refused)(
  '%s is refused in Frappe’s shape',
  async (_title, request, status, type, text) => {
    const { app } = await aSite()

    const reply = await app.inject(request)

    const line = `frappe.exceptions.${type}: ${text}`
    expect(opened(reply.body)).toMatchObject({ exception: line, exc_type: type, exc: [line] })
    expect(opened(reply.body).messages).toEqual([
      {
        message: text,
        title: text.startsWith('<details>') ? 'Method Not Allowed' : 'Message',
        indicator: 'red',
        raise_exception: 1,
        __frappe_exc_id: expect.stringMatching(/^[0-9a-f]{56}$/) as string,
      },
    ])
    expect(reply.json()).not.toHaveProperty('message')
    expect(reply.statusCode).toBe(status)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.headers['content-length']).toBe(String(Buffer.byteLength(reply.body)))
  },
)

test('an unknown app is told of twice, as Frappe does', async () => {
  const { app } = await aSite()

  const reply = await app.inject({ url: '/api/method/nope.bridge.x', ...as(token) })

  expect(reply.statusCode).toBe(417)
  expect(opened(reply.body).messages.map(({ message }) => message)).toEqual([
    'App nope is not installed',
    'Failed to get method for command nope.bridge.x with App nope is not installed',
  ])
})

test('version 2 lists its errors and words an unknown method its own way', async () => {
  const { app } = await aSite()

  const unknownMethod = await app.inject({ url: '/api/v2/method/zzz', ...as(token) })
  const refusedCall = await app.inject({
    method: 'POST',
    url: '/api/v2/method/bank_api.bridge.post_item_refresh',
    ...as(token, json),
    body: '{"item_id":1}',
  })

  const error = {
    title: 'Message',
    indicator: 'red',
    type: 'ValidationError',
    code: 'user_ambiguous',
  }
  const text = "Several users fit: say which one with 'user'"
  expect(refusedCall.statusCode).toBe(417)
  expect(refusedCall.json()).toEqual({
    errors: [{ ...error, message: text, exception: `frappe.exceptions.ValidationError: ${text}` }],
  })
  expect(unknownMethod.json()).toMatchObject({
    errors: [{ message: "Failed to get method zzz with 'zzz'" }],
  })
})

test.each(['/api/method/ping', path('echo'), '/api/nope', '/'])(
  'OPTIONS %s is 200 and empty without credentials',
  async (url) => {
    const { app } = await aSite()

    const reply = await app.inject({ method: 'OPTIONS', url })

    expect(reply.statusCode).toBe(200)
    expect(reply.body).toBe('')
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(reply.headers['content-length']).toBe('0')
  },
)

test.each(['GET', 'POST', 'PUT', 'DELETE'] as const)('a method takes %s', async (method) => {
  const { app } = await aSite()

  const inQuery = await app.inject({ method, url: `${path('echo')}?a=1`, ...as(token) })
  const inBody = await app.inject({ method, url: path('echo'), ...as(token, form), body: 'a=1' })

  expect(inQuery.json()).toEqual({ message: { a: '1' } })
  expect(inBody.json()).toEqual({ message: { a: '1' } })
})
