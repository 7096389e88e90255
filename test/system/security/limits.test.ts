import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { createLimiter } from '../../../src/auth/limits.ts'
import { TooManyRequestsError } from '../../../src/errors.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { testClock } from '../../support/clock.ts'
import { aTenant } from '../../support/tenants.ts'

interface Visit {
  authorization?: string
  from?: string
  forwardedFor?: string
  url?: string
}

const metricsToken = 'scrape-me-0123456789-0123456789-0123456789'
const url = '/api/method/frappe.auth.get_logged_user'

async function visit({ app }: TestApp, { authorization, from, forwardedFor, ...rest }: Visit) {
  const {
    statusCode: status,
    headers,
    json,
  } = await app.inject({
    url,
    ...rest,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
    },
    ...(from !== undefined && { remoteAddress: from }),
  })
  return { status, wait: headers['x-ratelimit-reset'], body: json<Record<string, string>>() }
}

const statuses = async (app: TestApp, count: number, how: Visit) => {
  const seen = []
  for (let each = 0; each < count; each += 1) seen.push((await visit(app, how)).status)
  return seen
}

describe('a limiter', () => {
  it('has what a call came to waited for before the next', () => {
    const clock = testClock()
    const limiter = createLimiter({ clock, perMinute: 6 })
    limiter.take('a')
    limiter.add('a', 8)

    expect(() => limiter.take('a')).toThrow(expect.objectContaining({ retryAfter: 40 }))
    clock.advance(40_000)
    limiter.take('a')
    limiter.take('b')
  })

  it('lets a minute’s worth through at once, then evenly, each name for itself', () => {
    const clock = testClock()
    const limiter = createLimiter({ clock, perMinute: 6 })
    const waitOf = (name: string): number | undefined => {
      try {
        limiter.take(name)
        return 0
      } catch (error) {
        return error instanceof TooManyRequestsError ? error.retryAfter : undefined
      }
    }

    expect(Array.from({ length: 7 }, () => waitOf('a'))).toEqual([0, 0, 0, 0, 0, 0, 10])
    expect(waitOf('b')).toBe(0)
    clock.advance(9_999)
    expect(waitOf('a')).toBe(1)
    clock.advance(1)
    expect([waitOf('a'), waitOf('a')]).toEqual([0, 10])
    clock.advance(60_000)
    expect(Array.from({ length: 7 }, () => waitOf('a'))).toEqual([0, 0, 0, 0, 0, 0, 10])
  })

  it('is neither paid nor charged by a clock that is put back', () => {
    const clock = testClock()
    const limiter = createLimiter({ clock, perMinute: 6 })
    for (let each = 0; each < 6; each += 1) limiter.take('a')

    clock.advance(-30_000)

    expect(() => limiter.take('a')).toThrow(expect.objectContaining({ retryAfter: 10 }))
  })

  it('gives out its part of what servers share, by how many they are at the time, and one at least', () => {
    const clock = testClock()
    let servers = 3
    const limiter = createLimiter({ clock, perMinute: 6, among: () => servers })
    const taken = (name: string): number => {
      for (let count = 0; ; count += 1) {
        try {
          limiter.take(name)
        } catch {
          return count
        }
      }
    }

    expect(taken('a')).toBe(2)
    clock.advance(30_000)
    expect(taken('a')).toBe(1)
    clock.advance(120_000)
    expect(taken('a')).toBe(2)
    servers = 1
    clock.advance(60_000)
    expect(taken('a')).toBe(6)
    servers = 100
    expect([taken('b'), taken('c')]).toEqual([1, 1])
  })

  it('with 0 limits nothing', () => {
    const limiter = createLimiter({ clock: testClock(), perMinute: 0 })

    for (let each = 0; each < 10_000; each += 1) limiter.take('a')
  })
})

describe('a key', () => {
  it('beyond its limit is told when the next call is free, and others are not', async () => {
    const app = await testApp({ env: { LIMIT_PER_KEY: '3' } })
    const { siteKey, tenantKey } = await aTenant(app.app)

    expect(await statuses(app, 3, siteKey)).toEqual([200, 200, 200])
    const refused = await visit(app, siteKey)
    expect(refused).toMatchObject({
      status: 429,
      wait: '20',
      body: { exc_type: 'TooManyRequestsError' },
    })
    expect((await visit(app, tenantKey)).status).toBe(200)

    app.clock.advance(20_000)
    expect(await statuses(app, 2, siteKey)).toEqual([200, 429])
  })

  it('that is good is never slowed by its address, however often others knock from there', async () => {
    const app = await testApp({ env: { LIMIT_PER_ADDRESS: '2' } })
    const { siteKey } = await aTenant(app.app)
    const wrong = { authorization: 'token key_x:wrong' }

    expect(await statuses(app, 3, wrong)).toEqual([401, 401, 429])
    expect(await statuses(app, 20, siteKey)).toEqual(Array.from({ length: 20 }, () => 200))
    expect((await visit(app, wrong)).wait).toBe('30')
  })
})

describe('callers without a key', () => {
  it('without credentials are limited by address too', async () => {
    const app = await testApp({ env: { LIMIT_PER_ADDRESS: '2' } })
    const ping = { url: '/api/method/ping' }

    expect(await statuses(app, 3, ping)).toEqual([200, 200, 429])
    expect(await statuses(app, 1, { ...ping, from: '192.0.2.9' })).toEqual([200])
  })

  it('guess the token of /metrics no oftener, and hold up nobody who has it', async () => {
    const { app } = await testApp({ env: { LIMIT_PER_ADDRESS: '2', METRICS_TOKEN: metricsToken } })
    const scrape = async (authorization?: string) =>
      (await app.inject({ url: '/metrics', headers: { ...(authorization && { authorization }) } }))
        .statusCode
    const guesses = ['Bearer a', 'Bearer b', 'Bearer c', 'Basic d']

    const guessed = []
    for (const guess of guesses) guessed.push(await scrape(guess))

    expect(guessed).toEqual([404, 404, 429, 429])
    expect(await scrape(`Bearer ${metricsToken}`)).toBe(200)
    expect(await scrape()).toBe(404)
  })

  it('are not told apart within one IPv6 network', async () => {
    const app = await testApp({ env: { LIMIT_PER_ADDRESS: '2' } })
    const authorization = 'token key_x:wrong'

    await visit(app, { authorization, from: '2001:db8::1' })
    await visit(app, { authorization, from: '2001:db8::2' })

    expect((await visit(app, { authorization, from: '2001:db8::3' })).status).toBe(429)
    expect((await visit(app, { authorization, from: '2001:db8:0:1::1' })).status).toBe(401)
  })

  it('who invent an X-Forwarded-For stay who they are', async () => {
    const app = await testApp({ env: { LIMIT_PER_ADDRESS: '2' } })
    const authorization = 'token key_x:wrong'
    const seen = []

    for (const forwardedFor of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      seen.push((await visit(app, { authorization, forwardedFor })).status)
    }

    expect(seen).toEqual([401, 401, 429])
  })

  it('behind a trusted proxy are told apart by the last address that it added', async () => {
    const env = { LIMIT_PER_ADDRESS: '1', TRUSTED_PROXIES: '10.0.0.0/8' }
    const app = await testApp({ env })
    const authorization = 'token key_x:wrong'
    const through = async (forwardedFor: string, from = '10.1.2.3') =>
      (await visit(app, { authorization, forwardedFor, from })).status

    expect(await through('198.51.100.1')).toBe(401)
    expect(await through('198.51.100.2')).toBe(401)
    // What the stranger wrote before it is not believed.
    expect(await through('203.0.113.9, 198.51.100.2')).toBe(429)
    // Nor what somebody writes who is no proxy of ours.
    expect(await through('198.51.100.3', '192.0.2.1')).toBe(401)
    expect(await through('198.51.100.4', '192.0.2.1')).toBe(429)
  })
})

describe('a stranger who is over the limit', () => {
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'multipart/form-data; boundary=x' }
  const ping = '/api/method/ping'
  type Ask = Omit<InjectOptions, 'remoteAddress'>

  it.each<[string, Ask, number]>([
    ['JSON that is none', { method: 'POST', url: ping, headers: json, payload: '{bad' }, 417],
    ['JSON that is no object', { method: 'POST', url: ping, headers: json, payload: '7' }, 417],
    ['a broken form', { method: 'POST', url: ping, headers: form, payload: 'x' }, 417],
    ['a body for an unknown method', { method: 'POST', url: '/api/method/a.b', payload: 'x' }, 417],
    ['an unknown method', { url: '/api/method/bank_api.bridge.get_nothing' }, 417],
    ['an unknown command', { url: '/?cmd=a.b' }, 417],
    ['no command', { url: '/' }, 404],
    ['no method', { url: '/api/method/' }, 404],
    ['an unknown path of the API', { url: '/api/resource/Item' }, 404],
    ['OPTIONS', { method: 'OPTIONS', url: ping }, 200],
    ['OPTIONS elsewhere', { method: 'OPTIONS', url: '/api/resource/Item' }, 200],
    ['a verb no method takes', { method: 'PATCH', url: ping }, 403],
    ['a method that needs a key', { url: '/api/method/frappe.auth.get_logged_user' }, 403],
    ['half a key', { url: ping, headers: { authorization: 'token x' } }, 401],
    [
      'a wrong key in a body',
      { method: 'POST', url: ping, payload: { api_key: 'x', api_secret: 'y' } },
      401,
    ],
  ])('is told so, whatever came: %s', async (_title, ask, within) => {
    const { app } = await testApp({ env: { LIMIT_PER_ADDRESS: '1' } })
    const visit = async () => (await app.inject({ ...ask, remoteAddress: '192.0.2.7' })).statusCode

    expect([await visit(), await visit()]).toEqual([within, 429])
  })

  it('does not slow a key that comes in a body, even to an unknown method', async () => {
    const { app } = await testApp({ env: { LIMIT_PER_ADDRESS: '1' } })
    const { siteKey } = await aTenant(app)
    const { apiKey: api_key, apiSecret: api_secret } = siteKey
    await app.inject({ url: ping })

    const asked = ['/api/method/frappe.auth.get_logged_user', '/api/method/a.b'].map((url) =>
      app.inject({ method: 'POST', url, payload: { api_key, api_secret } }),
    )

    expect((await Promise.all(asked)).map(({ statusCode }) => statusCode)).toEqual([200, 417])
    expect((await app.inject({ url: ping })).statusCode).toBe(429)
  })

  it('stays the same address with a port, in brackets or behind a proxy that writes them', async () => {
    const env = { LIMIT_PER_ADDRESS: '1', TRUSTED_PROXIES: '10.0.0.0/8,2001:db8:ffff::1' }
    const app = await testApp({ env })
    const authorization = 'token key_x:wrong'
    const through = async (forwardedFor: string, from = '10.1.2.3') =>
      (await visit(app, { authorization, forwardedFor, from })).status

    expect(await through('203.0.113.9')).toBe(401)
    expect(await through('203.0.113.9:4001')).toBe(429)
    expect(await through('203.0.113.9:4002, 10.9.9.9:81')).toBe(429)
    expect(await through('203.0.113.9:4003, [2001:db8:ffff::1]:81')).toBe(429)
    expect(await through('[2001:db8::1]:4001')).toBe(401)
    expect(await through('2001:db8::2')).toBe(429)
    expect(await through('nobody')).toBe(401)
    expect(await through('somebody')).toBe(429)
  })
})

it('browsers of one network come back from Bridge sixty times a minute', async () => {
  const app = await testApp()
  const callback = { url: '/bridge/callback?context=unknown' }
  const come = async (from: string) =>
    (await app.app.inject({ ...callback, remoteAddress: from })).statusCode

  const seen = []
  for (let each = 0; each < 61; each += 1) seen.push(await come('192.0.2.7'))

  expect(seen.slice(0, 60)).toEqual(Array.from({ length: 60 }, () => 404))
  expect(seen.at(-1)).toBe(429)
  expect(await come('192.0.2.8')).toBe(404)
})
