import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { aUser, anItem, minute, openSandbox, second } from './open-sandbox.ts'

const providers = '/v3/providers'

test('the clock moves by what is asked, and back never', async () => {
  const { call, clock, lever } = openSandbox()
  const before = clock.now()

  const moved = await lever('clock', { advance: minute })
  const refused = await call('POST', '/_sandbox/clock', { body: { advance: -1 } })

  expect([moved.now, clock.now()]).toEqual([before + minute, before + minute])
  expect(refused.status).toBe(400)
})

test('a lever says in one line what is wrong with what it was given', async () => {
  const { call } = openSandbox()
  const said = async (lever: string, body: object) =>
    (await call('POST', `/_sandbox/${lever}`, { body })).body.message

  expect(await said('faults', { pth: '/v3', status: 503 })).toBe('needed: path; unknown: pth')
  expect(await said('faults', { path: '/v3' })).toBe('Say status, delay or cut')
  expect(await said('clock', { advance: -1 })).toBe('advance: Too small: expected number to be >=0')
})

test('an answer’s date is the clock’s as the lever left it', async () => {
  const { call, clock, lever } = openSandbox()
  await lever('clock', { advance: 30 * 24 * 60 * minute })

  const { headers } = await call('GET', providers)

  expect(headers['date']).toBe(new Date(clock.now()).toUTCString())
})

test('a refresh meets what it is asked to, and what the login said after that', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token, 'success.1003')

  const asked = await sandbox.lever(`items/${id}/refresh`, { meets: '402_WRONG_PWD' })
  const next = await sandbox.lever(`items/${id}/refresh`)
  const well = await sandbox.lever(`items/${id}/refresh`, { meets: 'success' })

  expect(asked).toEqual({ id, status: 402, status_code_info: 'wrong_pwd' })
  expect([next.status, well.status]).toEqual([1003, 0])
})

test('a consent ends when it is asked to', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token)

  const moved = await sandbox.lever(`items/${id}/consent`, { ends_in: minute })
  const { body: before } = await sandbox.call('GET', `/v3/aggregation/items/${id}`, { token })
  await sandbox.lever('clock', { advance: minute })
  const ended = await sandbox.lever(`items/${id}/refresh`, { meets: 'success' })

  const end = new Date(sandbox.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  expect(moved).toEqual({ id, authentication_expires_at: end })
  expect(before.authentication_expires_at).toBe(end)
  expect(ended.status).toBe(1010)
})

test('a fault happens as often as asked to the paths that begin with it', async () => {
  const { call, lever } = openSandbox()
  await lever('faults', { path: `${providers}/5`, status: 503, count: 2, headers: { 'x-a': 'b' } })

  const statuses = [
    (await call('GET', providers)).status,
    (await call('GET', `${providers}/574`)).status,
    (await call('GET', `${providers}/574`)).status,
    (await call('GET', `${providers}/574`)).status,
  ]

  expect(statuses).toEqual([200, 503, 503, 200])
})

test('a fault answers with its own bytes and headers', async () => {
  const { call, lever } = openSandbox()
  await lever('faults', { path: providers, status: 200, body: '<html>', headers: { 'x-a': 'b' } })
  await lever('faults', {
    path: providers,
    status: 200,
    body: '{"resources": nul',
    headers: { 'content-type': 'application/x-json' },
  })
  await lever('faults', { path: providers, status: 429, headers: { 'retry-after': '7' } })

  const page = await call('GET', providers)
  const garbage = await call('GET', providers).catch(() => undefined)
  const limited = await call('GET', providers)

  expect([page.headers['content-type'], page.headers['x-a'], page.body]).toEqual([
    'text/html; charset=utf-8',
    'b',
    '<html>',
  ])
  expect(garbage).toBeUndefined()
  expect([limited.status, limited.headers['retry-after'], limited.body.code]).toEqual([
    429,
    '7',
    'too_many_requests',
  ])
})

test('a fault can be for one method', async () => {
  const { call, lever } = openSandbox()
  await lever('faults', { path: '/v3', method: 'post', status: 500 })

  expect((await call('GET', providers)).status).toBe(200)
  expect((await call('POST', '/v3/aggregation/users', { body: {} })).status).toBe(500)
})

test('a delay only delays', async () => {
  const { call, lever } = openSandbox()
  await lever('faults', { path: providers, delay: 5 })

  expect((await call('GET', providers)).status).toBe(200)
})

test('a cut ends the connection without an answer', async () => {
  const { app, call, lever } = openSandbox()
  const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  await lever('faults', { path: providers, cut: true })
  const socket = connect(Number(address.port), address.hostname)
  let answer = ''
  socket.on('data', (part) => (answer += part.toString()))
  socket.on('error', () => {})

  socket.write(`GET ${providers} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await once(socket, 'close')

  expect(answer).toBe('')
  expect((await call('GET', '/_sandbox/calls')).body).toMatchObject([{ path: providers }])
})

test('what waits in a delay does not hold the sandbox open', async () => {
  const { app, lever } = openSandbox()
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  await lever('faults', { path: providers, delay: 60_000 })
  const waiting = fetch(`${address}${providers}`).then(
    () => 'answered',
    () => 'cut',
  )
  await lever('webhooks/flush')

  await app.close()

  expect(await waiting).toBe('cut')
})

test.for([{}, { path: 'x', status: 500 }, { path: '/v3' }, { path: '/v3', status: 99 }])(
  'a fault %j makes no sense',
  async (body) => {
    const { call } = openSandbox()

    expect((await call('POST', '/_sandbox/faults', { body })).status).toBe(400)
  },
)

test('calls lists the API’s calls with their status, and nothing else', async () => {
  const { call } = openSandbox()
  await call('GET', `${providers}?limit=1`)
  await call('GET', `${providers}/1`)
  await call('GET', '/session/x')

  const { body } = await call('GET', '/_sandbox/calls')

  expect(body).toEqual([
    {
      method: 'GET',
      path: providers,
      query: 'limit=1',
      version: '2025-01-15',
      at: expect.any(Number),
      status: 200,
    },
    expect.objectContaining({ path: `${providers}/1`, query: '', status: 404 }),
  ])
})

test('quotas are off until asked for, then those Bridge publishes', async () => {
  const sandbox = openSandbox()
  const { uuid, token } = await aUser(sandbox)
  const user = async () => (await sandbox.call('GET', '/v3/aggregation/items', { token })).status
  const authorise = async () =>
    (
      await sandbox.call('POST', '/v3/aggregation/authorization/token', {
        body: { user_uuid: uuid },
      })
    ).status
  const times = async (many: number, call: () => Promise<number>) => {
    const statuses: number[] = []
    for (let n = 0; n < many; n += 1) statuses.push(await call())
    return statuses.filter((status) => status === 429).length
  }

  expect(await times(65, user)).toBe(0)
  await sandbox.lever('quotas', { on: true })
  expect(await times(63, user)).toBe(3)
  expect(await times(12, authorise)).toBe(2)
  sandbox.clock.advance(59 * second)
  expect(await user()).toBe(429)
  sandbox.clock.advance(second)
  expect(await user()).toBe(200)
})

test('the window slides: calls come back one by one', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const call = async () => (await sandbox.call('GET', '/v3/aggregation/items', { token })).status
  await sandbox.lever('quotas', { on: true, limits: { user: 2 } })

  const statuses = [await call()]
  sandbox.clock.advance(40 * second)
  statuses.push(await call(), await call())
  sandbox.clock.advance(20 * second)
  statuses.push(await call(), await call())

  expect(statuses).toEqual([200, 200, 429, 200, 429])
})

test('the application has a quota of its own, and a 429 the headers asked for', async () => {
  const { call, lever } = openSandbox()
  await lever('quotas', { on: true, limits: { app: 1 }, headers: { 'retry-after': '12' } })
  await call('GET', providers)

  const second = await call('GET', providers)

  expect([second.status, second.headers['retry-after']]).toEqual([429, '12'])
})

test('a refresh by lever is for an item there is', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token, 'success.429')

  expect(await sandbox.lever(`items/${id}/refresh`)).toEqual({
    id,
    status: 429,
    status_code_info: '',
  })
  expect((await sandbox.call('POST', '/_sandbox/items/1/refresh')).status).toBe(404)
})

test('reset forgets everything, and no id comes twice', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token)
  await sandbox.lever('faults', { path: '/v3', status: 500, count: 9 })
  await sandbox.lever('switches', { lastPage: 'absent' })

  await sandbox.lever('reset')

  expect((await sandbox.call('GET', '/_sandbox/calls')).body).toEqual([])
  expect((await sandbox.call('GET', '/v3/aggregation/users')).body).toEqual({
    resources: [],
    pagination: {},
  })
  const again = await aUser(sandbox)
  expect(await anItem(sandbox, again.token)).toBeGreaterThan(id)
})

test('switches are read and set, and a name that is none is refused', async () => {
  const { call, lever } = openSandbox({ switches: { lastPage: 'null' } })

  const before = (await call('GET', '/_sandbox/switches')).body
  const after = await lever('switches', { errorEnvelope: 'wrapped' })

  expect(before).toMatchObject({ lastPage: 'null', errorEnvelope: 'flat' })
  expect(after).toMatchObject({ lastPage: 'null', errorEnvelope: 'wrapped' })
  expect((await call('POST', '/_sandbox/switches', { body: { other: 1 } })).status).toBe(400)
  expect((await call('POST', '/_sandbox/switches', { body: { lastPage: 'x' } })).status).toBe(400)
})
