import { expect, test } from 'vitest'
import { minute, openSandbox, start } from './open-sandbox.ts'

const move = (headers: Record<string, string>, url = '/_sandbox/clock') => ({
  method: 'POST' as const,
  url,
  headers: { 'content-type': 'application/json', ...headers },
  payload: { advance: minute },
})

test.each([
  ['a page elsewhere', { host: '127.0.0.1:8081', origin: 'https://evil.example' }],
  ['a page that hides where it is from', { host: '127.0.0.1:8081', origin: 'null' }],
  ['another port of this machine', { host: '127.0.0.1:8081', origin: 'http://127.0.0.1:3000' }],
  ['a form of a page elsewhere', { host: 'localhost:8081', 'sec-fetch-site': 'cross-site' }],
  ['a name that was led here', { host: 'evil.example:8081', origin: 'http://evil.example:8081' }],
  ['a name that was led here, without an origin', { host: 'evil.example' }],
  ['a name that looks local', { host: 'localhost.evil.example' }],
  ['no name', { host: 'a b' }],
])('%s reaches no lever', async (_, headers) => {
  const { app, clock } = openSandbox()

  for (const url of ['/_sandbox/clock', '/%5Fsandbox/clock']) {
    expect((await app.inject(move(headers, url))).statusCode).toBe(403)
  }
  expect(clock.now()).toBe(start)
})

test.each([
  ['curl', { host: '127.0.0.1:8081' }],
  ['curl by name', { host: 'localhost:8081' }],
  ['curl over IPv6', { host: '[::1]:8081' }],
  ['a container beside it', { host: 'sandbox:8081' }],
  ['a page of its own', { host: '127.0.0.1:8081', origin: 'http://127.0.0.1:8081' }],
  ['the name it has for browsers', { host: 'connect.test' }],
])('%s reaches the levers', async (_, headers) => {
  const { app } = openSandbox()

  expect((await app.inject(move(headers))).statusCode).toBe(200)
})

test('neither the API nor the Connect page answers to a name that was led here', async () => {
  const { app } = openSandbox()
  const headers = { host: 'evil.example' }

  expect((await app.inject({ url: '/v3/providers', headers })).statusCode).toBe(403)
  expect((await app.inject({ url: '/session/x', headers })).statusCode).toBe(403)
})
