import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test, type ExpectStatic } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { freePort } from '../../support/free-port.ts'
import {
  beginServer,
  dataDirectory,
  firstStart,
  runServer,
  startGateway,
  type Ended,
  type Env,
} from '../../support/gateway.ts'
import { demoKey, siteClient } from './visit.ts'

const masterKey = Buffer.alloc(32, 1).toString('base64')

/** All that production asks for; nothing answers at that Bridge. */
const production: Env = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://bank.example.test',
  BRIDGE_CLIENT_ID: 'id',
  BRIDGE_CLIENT_SECRET: 'secret-of-the-operator',
  BRIDGE_BASE_URL: 'http://127.0.0.1:1',
  MASTER_KEY: masterKey,
}

const without = (env: Env, ...names: string[]): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))

/** Exit 1, the variable named on stderr, and no trace of the program's insides or of a secret. */
function expectRefusal(
  expect: ExpectStatic,
  { code, stdout, stderr }: Ended,
  ...names: string[]
): void {
  expect({ code, stdout }, stderr).toMatchObject({ code: 1 })
  for (const name of names) expect(stderr).toContain(name)
  expect(stderr).not.toMatch(/^ +at /m)
  expect(stderr).not.toContain('node:')
  expect(stderr.split('\n').length).toBeLessThan(8)
  for (const secret of ['secret-of-the-operator', masterKey]) {
    expect(stdout + stderr).not.toContain(secret)
  }
}

test('a signal during the start ends it', async ({ expect, onTestFinished }) => {
  const isAsked = Promise.withResolvers<void>()
  const mute = createServer(() => isAsked.resolve()).listen(0, '127.0.0.1')
  onTestFinished(() => void mute.close())
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  const database = `postgres://bank@127.0.0.1:${port}/bank`
  const env = { ...dataDirectory(onTestFinished), ...production, DATABASE_URL: database }
  const { child, ended } = beginServer(without(env, 'DATA_DIR'), onTestFinished)
  await isAsked.promise

  child.kill('SIGTERM')

  // By itself: what the signal does to a process, it does not do to a container's first.
  expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
})

// Each is a process of its own: side by side they take half the time.
describe.concurrent('the server refuses to start', () => {
  // It waits for the other's lease to run out before it gives up.
  test('as a second server on a database that is served, which goes on', async ({
    expect,
    onTestFinished,
  }) => {
    const data = dataDirectory(onTestFinished)
    const first = await startGateway(data, onTestFinished)

    const second = await runServer(
      { ...data, PORT: String(await freePort()), SANDBOX_PORT: '0' },
      onTestFinished,
    )

    expectRefusal(expect, second, 'Another bank-api serves this database')
    expect((await fetch(`${first.url}/live`)).status).toBe(200)
    expect(await first.end('SIGTERM')).toMatchObject({ code: 0 })
  })

  test('in production without an address, a master key and credentials: all said at once', async ({
    expect,
    onTestFinished,
  }) => {
    const ended = await runServer(
      { ...dataDirectory(onTestFinished), NODE_ENV: 'production' },
      onTestFinished,
    )

    const pair = 'BRIDGE_CLIENT_ID, BRIDGE_CLIENT_SECRET'
    expectRefusal(expect, ended, 'PUBLIC_URL', 'MASTER_KEY', pair, 'SANDBOX=true')
  })

  test('in production with an http PUBLIC_URL', async ({ expect, onTestFinished }) => {
    const env = { ...production, PUBLIC_URL: 'http://bank.example.test' }
    const ended = await runServer({ ...dataDirectory(onTestFinished), ...env }, onTestFinished)

    expectRefusal(expect, ended, 'PUBLIC_URL', 'https')
    expect(ended.stderr).not.toContain('MASTER_KEY')
  })

  test('with half the credentials, in production or not', async ({ expect, onTestFinished }) => {
    const ended = await runServer(
      { ...dataDirectory(onTestFinished), BRIDGE_CLIENT_ID: 'id' },
      onTestFinished,
    )

    expectRefusal(expect, ended, 'BRIDGE_CLIENT_SECRET')
  })

  test.for([
    {
      what: 'another master key',
      change: { MASTER_KEY: Buffer.alloc(32, 2).toString('base64') },
      name: 'MASTER_KEY',
    },
    {
      what: 'another Bridge application',
      change: { BRIDGE_CLIENT_ID: 'other' },
      name: 'BRIDGE_CLIENT_ID',
    },
  ])('on a database made with $what', async ({ change, name }, { expect, onTestFinished }) => {
    const env = { ...dataDirectory(onTestFinished), ...production }
    await firstStart(env)

    expectRefusal(expect, await runServer({ ...env, ...change }, onTestFinished), name)
  })

  test('on a sandbox’s database with credentials, and the other way round', async ({
    expect,
    onTestFinished,
  }) => {
    const [box, real] = [dataDirectory(onTestFinished), dataDirectory(onTestFinished)]
    await firstStart(box)
    await firstStart({ ...real, ...production })
    const ports = { PORT: String(await freePort()), SANDBOX_PORT: '0' }

    expectRefusal(expect, await runServer({ ...box, ...production }, onTestFinished), 'DATA_DIR')
    expectRefusal(expect, await runServer({ ...real, ...ports }, onTestFinished), 'DATA_DIR')
  })

  test('on a port that is taken', async ({ expect, onTestFinished }) => {
    const first = await startGateway(dataDirectory(onTestFinished), onTestFinished)
    const { PORT = '' } = first.env

    const ended = await runServer(
      { ...dataDirectory(onTestFinished), PORT, SANDBOX_PORT: '0' },
      onTestFinished,
    )

    expectRefusal(expect, ended, 'PORT', PORT)
  })
})

describe.concurrent('the server', () => {
  test('starts in production with all it needs, says which version it is, and stops with 0 when told to', async ({
    expect,
    onTestFinished,
  }) => {
    const gateway = await startGateway(
      { ...dataDirectory(onTestFinished), ...production },
      onTestFinished,
    )

    expect((await fetch(`${gateway.url}/live`)).status).toBe(200)
    const lines = gateway.stdout().trim().split('\n')
    const starting = expect.objectContaining({ version: manifest.version, msg: 'starting' })
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(starting)
    expect(gateway.stdout()).not.toContain('api_secret')
    expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('runs the sandbox in production when asked, and shows nobody a key', async ({
    expect,
    onTestFinished,
  }) => {
    const env = {
      ...without(production, 'BRIDGE_CLIENT_ID', 'BRIDGE_CLIENT_SECRET'),
      SANDBOX: 'true',
    }
    const gateway = await startGateway({ ...dataDirectory(onTestFinished), ...env }, onTestFinished)

    expect(gateway.stdout()).not.toContain('api_secret')
    expect(await gateway.end('SIGINT')).toMatchObject({ code: 0 })
  })

  test('lets a call in flight end before it stops', async ({ expect, onTestFinished }) => {
    const gateway = await startGateway(dataDirectory(onTestFinished), onTestFinished)
    const ask = siteClient(gateway.url, demoKey(gateway.stdout()))
    const { url } = await ask('get_bridge_connect_link', {
      redirect_url: '/',
      base_url: 'http://erp.test',
      email: 'a@b.fr',
    })
    const slow = { path: '/v3/aggregation/categories', delay: 1_500, count: 1 }
    await post(new URL('/_sandbox/faults', url), slow)
    const call = ask('get_category')
    await gateway.said('bank_api.bridge.get_category"')

    const ended = gateway.end('SIGTERM')

    expect((await call).length).toBeGreaterThan(5)
    expect(await ended).toMatchObject({ code: 0, signal: null })
  })
})

const post = (url: URL, body: object) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
