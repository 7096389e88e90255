import { expect, test } from 'vitest'
import { credentialsIn, parseAuthorization } from '../../../src/frappe/credentials.ts'
import { aSite, basic, call, key, opened, path, secret, token } from './site.ts'

const base64 = (value: string | Buffer) => Buffer.from(value).toString('base64')

const good = ['token k:s', 'Token k:s', 'TOKEN k:s', 'Basic azpz', 'bAsIc azpz']
const lenient = [
  'Basic a-z_p!z',
  'Basic =azpz',
  'Basic ====azpz',
  `Basic ${base64('k:s')}====`,
  'Basic azp*z\u00e9',
]

test.each([...good, ...lenient])('%s is the pair k and s', (header) => {
  expect(parseAuthorization(header)).toEqual({ kind: 'pair', key: 'k', secret: 's' })
})

test('a sign of padding between two digits is passed over, as in Python, and not counted on', () => {
  expect(parseAuthorization('Basic a2=V5On=NlY3JldA==')).toEqual({
    kind: 'pair',
    key: 'key',
    secret: 'secret',
  })
})

test('a byte order mark belongs to the key', () => {
  expect(parseAuthorization(`Basic ${base64('\uFEFFk:s')}`)).toMatchObject({ key: '\uFEFFk' })
})

test.each([{ api_key: 'k' }, { api_key: '', api_secret: 's' }, { api_key: 'k', api_secret: '' }])(
  'among parameters half a pair is none: %j',
  (parameters) => {
    expect(credentialsIn(parameters)).toBeUndefined()
  },
)

test('padding ends the text, as in Python', () => {
  expect(parseAuthorization(`Basic ${base64('k:ss')}azpz`)).toEqual({
    kind: 'pair',
    key: 'k',
    secret: 'ss',
  })
})

const ignored = [undefined, '', 'token', 'k:s', 'token  k:s', 'token k: s', 'token k:s x', ' k:s x']

test.each(ignored)('%s is not two words, so it is nobody’s', (header) => {
  expect(parseAuthorization(header)).toEqual({ kind: 'none' })
})

const malformed: [title: string, header: string][] = [
  ['no colon', 'token justonepart'],
  ['two colons', 'token a:b:c'],
  ['an empty pair', 'token :'],
  ['an empty key', 'token :s'],
  ['an empty secret', 'token k:'],
  ['an OAuth token', 'Bearer whatever'],
  ['a pair as Bearer', 'Bearer k:s'],
  ['an unknown scheme', 'Digest k:s'],
  ['an empty scheme', ' k:s'],
  ['wrong padding', 'Basic abc'],
  ['one digit', 'Basic a'],
  ['unfinished padding', 'Basic azpzcw='],
  ['no base64 at all', 'Basic ???'],
  ['Basic without a colon', `Basic ${base64('ks')}`],
  ['Basic with two colons', `Basic ${base64('k:s:t')}`],
  ['Basic that is not UTF-8', `Basic ${base64(Buffer.from([0x6b, 0x3a, 0xff]))}`],
]

test.each(malformed)('%s is bad', (_title, header) => {
  expect(parseAuthorization(header)).toEqual({ kind: 'bad' })
})

test('every bad header is one answer, byte for byte, and one look-up', async () => {
  const headers = [
    ...malformed.map(([, header]) => header).filter((header) => !header.startsWith(' ')),
    `token ${key}:WRONG`,
    `token unknown:${secret}`,
  ]
  const replies = new Set<string>()

  for (const authorization of headers) {
    const { app, asked } = await aSite()
    const reply = await app.inject({ url: path('echo'), headers: { authorization } })
    const { date: _date, ...rest } = reply.headers
    replies.add(JSON.stringify([reply.statusCode, rest, reply.body]))
    expect(asked).toHaveLength(1)
  }

  expect(replies.size).toBe(1)
  const [only] = replies
  expect(only).toContain('401')
  expect(only).toContain('frappe.exceptions.AuthenticationError')
})

test.each([
  ['GET', '/api/method/ping'],
  ['GET', path('no_such_method')],
  ['GET', '/api/nope'],
  ['GET', '/?cmd=logout'],
  ['OPTIONS', path('echo')],
  ['OPTIONS', '/api/nope'],
  ['HEAD', '/api/method/ping'],
  ['PATCH', path('echo')],
] as const)('a bad header is refused before the path is looked at: %s %s', async (method, url) => {
  const { app } = await aSite()

  const reply = await app.inject({ method, url, headers: { authorization: 'token k:WRONG' } })

  expect(reply.statusCode).toBe(401)
})

test('a plain route is not asked for credentials', async () => {
  const { app, asked } = await aSite()

  const reply = await app.inject({ url: '/plain', headers: { authorization: 'Bearer other' } })

  expect(reply.json()).toEqual({ fine: true })
  expect(asked).toEqual([])
})

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const inForm = (rest = '') => `api_key=${key}&api_secret=${secret}${rest}`

test.each([
  ['a form', form, inForm('&a=1')],
  [
    'JSON',
    { 'content-type': 'application/json' },
    `{"api_key":"${key}","api_secret":"${secret}","a":"1"}`,
  ],
])(
  'credentials in the body of a POST are taken, and not passed on: %s',
  async (_t, headers, body) => {
    const { app, logged } = await aSite()

    const reply = await app.inject({ method: 'POST', url: path('echo'), headers, body })

    expect(reply.json()).toEqual({ message: { a: '1' } })
    expect(logged.join()).not.toContain(secret)
  },
)

test('credentials in the body work at the root, where the body names the method', async () => {
  const { app } = await aSite()

  const reply = await app.inject({
    method: 'POST',
    url: '/',
    headers: form,
    body: inForm('&cmd=frappe.auth.get_logged_user'),
  })

  expect(reply.json()).toEqual({ message: 'bank@client.example' })
})

test('wrong credentials in the body are a 401', async () => {
  const { app } = await aSite()

  const reply = await app.inject({
    method: 'POST',
    url: path('echo'),
    headers: form,
    body: 'api_key=k&api_secret=s',
  })

  expect(reply.statusCode).toBe(401)
})

test('the header wins over the body', async () => {
  const { app, asked } = await aSite()

  const reply = await call(app, {
    method: 'POST',
    url: path('echo'),
    headers: form,
    body: 'api_key=k&api_secret=s&a=1',
  })

  expect(reply.json()).toEqual({ message: { a: '1' } })
  expect(asked).toMatchObject([{ key, secret }])
})

test.each([
  ['a PUT', { method: 'PUT' as const, body: inForm() }],
  ['a GET', { method: 'GET' as const, body: inForm() }],
  ['a body over 16 KiB', { method: 'POST' as const, body: inForm(`&a=${'x'.repeat(16 * 1024)}`) }],
  ['half a pair', { method: 'POST' as const, body: `api_key=${key}` }],
  [
    'half of it in the query',
    { method: 'POST' as const, body: `api_key=${key}`, query: { api_secret: secret } },
  ],
  [
    'all of it in the query of a POST',
    { method: 'POST' as const, body: 'a=1', query: { api_key: key, api_secret: secret } },
  ],
])('credentials elsewhere are a guest’s: %s', async (_title, request) => {
  const { app, asked } = await aSite()

  const reply = await app.inject({ url: path('echo'), headers: form, ...request })

  expect(reply.statusCode).toBe(403)
  expect(opened(reply.body).messages[0]).toMatchObject({ title: 'Method Not Allowed' })
  expect(asked).toEqual([])
})

test('credentials in the query are taken once the operator allows it, and not passed on', async () => {
  const { app } = await aSite({ allowQueryCredentials: true })
  const query = { api_key: key, api_secret: secret, a: '1' }

  const reply = await app.inject({ url: path('echo'), query })
  const wrong = await app.inject({ url: path('echo'), query: { ...query, api_secret: 'x' } })
  const headerWins = await app.inject({
    url: path('echo'),
    query,
    headers: { authorization: 'token k:s' },
  })

  expect(reply.json()).toEqual({ message: { a: '1' } })
  expect(wrong.statusCode).toBe(401)
  expect(headerWins.statusCode).toBe(401)
})

test('a method open to guests is told who calls, or that nobody does', async () => {
  const { app } = await aSite()

  const guest = await app.inject({ method: 'POST', url: `${path('open_to_all')}?a=1` })
  const known = await app.inject({ url: path('open_to_all'), headers: { authorization: basic } })

  expect(guest.json()).toEqual({ message: { user: 'Guest', args: { a: '1' } } })
  expect(known.json()).toEqual({ message: { user: 'bank@client.example', args: {} } })
})

test('nothing secret is logged, whatever is refused', async () => {
  const { app, logged } = await aSite()

  await app.inject({ url: `${path('echo')}?api_secret=${secret}` })
  await app.inject({ url: `/api/method/x?api_secret=${secret}`, headers: { authorization: token } })
  await app.inject({ url: path('echo'), headers: { authorization: `token wrong:${secret}` } })
  await app.inject({ url: `/%zz?api_secret=${secret}` })

  expect(logged.length).toBeGreaterThan(4)
  expect(logged.join()).not.toContain(secret)
})
