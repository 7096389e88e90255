import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { runCli } from '../../../src/cli/run.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { freePort } from '../../support/free-port.ts'
import { expectedSignatures, openSite } from '../../support/receiving-site.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, type TestKey } from '../../support/tenants.ts'
import { tryTime } from '../../support/try-time.ts'
import { receiver } from '../../unit/webhooks/receiver.ts'
import { siteClient, visitBank } from './visit.ts'

/** A server with its sandbox on real sockets in this process, a tenant with a site, and no webhook URL. */
async function aServer() {
  const config = loadConfig({
    DATA_DIR: testFolder(),
    PORT: String(await freePort()),
    SANDBOX_PORT: '0',
    LOG_LEVEL: 'silent',
  })
  const clock = createMovableClock()
  const sandbox = await startSandbox(config, clock)
  const app = await buildApp({ config, database: ':memory:', clock, sandbox, workers: true })
  onTestFinished(async () => {
    await app.close()
    await sandbox.close()
  })
  await app.listen({ host: '127.0.0.1', port: config.port })
  const { siteKey, tenantKey } = await aTenant(app)
  const key = { api_key: siteKey.apiKey, api_secret: siteKey.apiSecret }
  const ask = siteClient(config.publicUrl, key)
  const connect = async (): Promise<void> => {
    const order = { redirect_url: 'http://erp.acme.test/app/bank', user: 'ada@acme.test' }
    await visitBank((await ask('get_bridge_connect_link', order)).url)
  }
  return { url: config.publicUrl, ask, connect, siteKey, tenantKey }
}

const envOf = ({ apiKey, apiSecret }: Pick<TestKey, 'apiKey' | 'apiSecret'>) => ({
  BANK_CONNECTOR_KEY: apiKey,
  BANK_CONNECTOR_SECRET: apiSecret,
})

/** `bank-api webhook listen`, until it is stopped. */
function listening(env: Record<string, string>, args: readonly string[]) {
  const controller = new AbortController()
  const said = { out: '', err: '' }
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        said[name] += chunk.toString()
        done()
      },
    })
  const ended = runCli(['webhook', 'listen', ...args], {
    env: { ...env },
    stdout: into('out'),
    stderr: into('err'),
    stopped: () => controller.signal,
  })
  onTestFinished(() => controller.abort())
  return {
    said,
    ended,
    stop() {
      controller.abort()
      return ended
    },
  }
}

test('events are printed as they come, and posted to a program, signed as the relay signs', async () => {
  const { url, ask, connect, siteKey } = await aServer()
  await connect()
  await expect
    .poll(async () => (await ask('get_events', { since: '2020-01-01' })).events.length)
    .toBeGreaterThan(0)
  const hook = await openSite(onTestFinished)
  let cuts = 1
  hook.manners = () => (cuts-- > 0 ? 'cut' : 'take')
  const forwarded = ['--forward-to', hook.webhookUrl, '--types', 'connect.completed']
  const listener = listening(envOf(siteKey), ['--url', url, ...forwarded])
  await expect.poll(() => listener.said.out).toContain(`Listening at ${url}`)

  await connect()
  await hook.hears('connect.completed', 2)
  await expect.poll(() => listener.said.out).toMatch(/connect\.completed .* {2}200 at try 2\n/)
  const code = await listener.stop()

  const { events } = await ask('get_events', { since: '2020-01-01', types: 'connect.completed' })
  const { secret } = await ask('get_webhook_secret')
  const [first, second] = hook.heard
  expect(code).toBe(0)
  // The bank that was connected before is the past.
  expect(events).toHaveLength(2)
  expect(hook.heard).toHaveLength(2)
  expect(second!.event).toEqual(events[1].event)
  expect(second!.headers).toMatchObject({
    'webhook-id': events[1].id,
    'x-bank-api-site': 'erp.acme.test',
    'x-bank-api-event': 'connect.completed',
    ...expectedSignatures(second!, secret),
  })
  expect(first!.headers['webhook-id']).toBe(events[1].id)
  expect(listener.said.err).toBe('')
})

test('with --since what came before comes too, as lines of JSON', async () => {
  const { url, ask, connect, siteKey } = await aServer()
  await connect()
  const asked = { since: '2020-01-01', types: 'connect.completed' }
  await expect.poll(async () => (await ask('get_events', asked)).events.length).toBe(1)
  const args = ['--url', url, '--since', '1d', '--types', 'connect.completed', '--json']
  const listener = listening(envOf(siteKey), args)

  await expect.poll(() => listener.said.out).toContain('\n')
  await listener.stop()

  const { events } = await ask('get_events', asked)
  expect(JSON.parse(listener.said.out)).toEqual(events[0])
})

test('what a program does not take is told, and the next event comes', async () => {
  const { url, connect, siteKey } = await aServer()
  const hook = await openSite(onTestFinished)
  let cuts = 3
  hook.manners = () => (cuts-- > 0 ? 'cut' : 'take')
  const forwarded = ['--forward-to', hook.webhookUrl, '--types', 'connect.completed']
  const listener = listening(envOf(siteKey), ['--url', url, ...forwarded])
  await expect.poll(() => listener.said.out).toContain('Listening')

  await connect()
  await connect()

  const told = /connect\.completed .* {2}\w+ at try 3\n.*connect\.completed .* {2}200\n$/
  await expect.poll(() => listener.said.out).toMatch(told)
  expect(await listener.stop()).toBe(0)
  expect(new Set(hook.heard.map(({ headers }) => headers['webhook-id'])).size).toBe(2)
  expect(hook.heard).toHaveLength(4)
})

test('a program whose answer never ends has taken the event', async () => {
  const { url, connect, siteKey } = await aServer()
  const program = await receiver((_, response) => {
    response.writeHead(200).write('so ')
    const drip = setInterval(() => response.write('.'), 5)
    response.on('close', () => clearInterval(drip))
  })
  const { origin } = new URL(program.url)
  const time = tryTime()
  const forwarded = ['--forward-to', origin, '--types', 'connect.completed']
  const listener = listening(envOf(siteKey), ['--url', url, ...forwarded])
  await expect.poll(() => listener.said.out).toContain('Listening')
  const answered = statusHeard(origin)

  await connect()
  await answered
  time.isOver()

  await expect.poll(() => listener.said.out).toMatch(/connect\.completed .* {2}200\n$/)
  expect(await listener.stop()).toBe(0)
})

/** Resolves once somebody in this process has heard a status from there. */
const statusHeard = (origin: string): Promise<void> =>
  new Promise((resolve) => {
    const hear = (told: unknown): void => {
      if ((told as { request: { origin: string } }).request.origin !== origin) return
      unsubscribe('undici:request:headers', hear)
      resolve()
    }
    subscribe('undici:request:headers', hear)
  })

test('without a key, with a wrong one, and where a secret is not for the key, it ends with a sentence', async () => {
  const { url, siteKey, tenantKey } = await aServer()
  const toHook = ['--url', url, '--forward-to', 'http://127.0.0.1:9/hook']

  const keyless = listening({}, ['--url', url])
  const wrong = listening(envOf({ ...siteKey, apiSecret: 'wrong' }), [
    '--url',
    url,
    '--types',
    'conect.completed, item.refreshed',
  ])
  const tenants = listening(envOf(tenantKey), toHook)
  const given = listening({ ...envOf(tenantKey), BANK_CONNECTOR_WEBHOOK_SECRET: 'secret' }, toHook)

  expect(await keyless.ended).toBe(2)
  expect(keyless.said.err).toMatch(/^Set BANK_CONNECTOR_KEY and BANK_CONNECTOR_SECRET/)
  expect(await wrong.ended).toBe(1)
  expect(wrong.said.err).toMatch(/AuthenticationError.*\nAre BANK_CONNECTOR_KEY and/)
  expect(wrong.said.err).toContain(
    'No type known here: conect.completed. Types: connect.completed,',
  )
  expect(await tenants.ended).toBe(1)
  expect(tenants.said.err).toMatch(/PermissionError.*\nOr set BANK_CONNECTOR_WEBHOOK_SECRET to/)
  expect(await given.ended).toBe(1)
  expect(given.said.err).toBe('BANK_CONNECTOR_WEBHOOK_SECRET must be the whsec_… of the site.\n')
})

test('a server that is away is asked again, and that is said once', async () => {
  const { siteKey } = await aServer()
  const away = `http://127.0.0.1:${await freePort()}`
  const listener = listening(envOf(siteKey), ['--url', away])

  await expect.poll(() => listener.said.err).toContain('\n')
  expect(await listener.stop()).toBe(0)

  expect(listener.said).toEqual({
    out: '',
    err: 'ECONNREFUSED: asking again until there is an answer\n',
  })
})

test('Ctrl-C ends it as a program that did its work', async () => {
  const program = join(import.meta.dirname, '../../../src/cli/bank-api.js')
  const away = `http://127.0.0.1:${await freePort()}`
  const child = spawn(process.execPath, [program, 'webhook', 'listen', '--url', away], {
    cwd: testFolder(),
    env: { BANK_CONNECTOR_KEY: 'key', BANK_CONNECTOR_SECRET: 'secret' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'close')
  await once(child.stderr, 'data')

  child.kill('SIGINT')

  expect(await ended).toEqual([0, null])
})
