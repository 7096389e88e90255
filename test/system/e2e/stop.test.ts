import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { demoKey, siteClient, visitBank } from './visit.ts'
import { dataDirectory, startGateway, type GatewayProcess } from '../../support/gateway.ts'

const authorizationOf = (gateway: GatewayProcess): string => {
  const { api_key: key, api_secret: secret } = demoKey(gateway.stdout())
  return `token ${key}:${secret}`
}

const json = { 'content-type': 'application/json' }

/** The port after the gateway's own. */
const sandboxOf = ({ url }: GatewayProcess): string =>
  `http://127.0.0.1:${Number(new URL(url).port) + 1}`

interface Load {
  answered: number
  /** How calls ended that got no 200. */
  failed: string[]
}

/** Callers that go on until they fail, or are told to stop sending. They are warm after a hundred answers. */
function load(
  url: string,
  authorization: string,
  { callers, goOn }: { callers: number; goOn: () => boolean },
): { warm: Promise<void>; ended: Promise<Load> } {
  const seen: Load = { answered: 0, failed: [] }
  const warm = Promise.withResolvers<void>()
  const dispatcher = new Agent({ connections: callers, pipelining: 1 })
  onTestFinished(() => dispatcher.destroy())
  const call = async (): Promise<boolean> => {
    try {
      const answer = await request(url, { dispatcher, headers: { authorization } })
      await answer.body.text()
      if (answer.statusCode === 200) seen.answered += 1
      else seen.failed.push(`status ${answer.statusCode}`)
      if (seen.answered === 100) warm.resolve()
      return true
    } catch (error) {
      seen.failed.push((error as { code?: string }).code ?? 'unknown')
      return false
    }
  }
  const caller = async (): Promise<void> => {
    if (goOn() && (await call())) return caller()
  }
  const ended = Promise.all(Array.from({ length: callers }, caller)).then(() => seen)
  return { warm: warm.promise, ended }
}

/** How often the server's log has a line about the method. */
const logged = ({ stdout }: { stdout: string }, text: string): number =>
  stdout.split('\n').filter((line) => line.includes(`"${text}"`) && !line.includes('/ready')).length

const path = '/api/method/bank_api.bridge.get_category?lang=fr'

test('a load balancer that heeds /ready loses no call when the server stops', async () => {
  const data = dataDirectory(onTestFinished)
  const gateway = await startGateway(
    { ...data, STOP_DELAY: '5', LOG_LEVEL: 'warn' },
    onTestFinished,
  )
  let sending = true

  const loading = load(`${gateway.url}${path}`, authorizationOf(gateway), {
    callers: 16,
    goOn: () => sending,
  })
  await loading.warm
  const ending = gateway.end('SIGTERM')
  const ready = await untilNotReady(gateway.url)
  sending = false
  const [{ code }, seen] = await Promise.all([ending, loading.ended])

  expect(ready).toMatchObject({ status: 'not ready', checks: { server: { reason: 'stopping' } } })
  expect(code).toBe(0)
  expect(seen.failed).toEqual([])
  expect(seen.answered).toBeGreaterThanOrEqual(100)
})

test('SIGTERM under a load that never ends: every call the server took in is answered', async () => {
  const data = dataDirectory(onTestFinished)
  const gateway = await startGateway(
    { ...data, STOP_DELAY: '1', LOG_LEVEL: 'debug', LIMIT_PER_KEY: '0' },
    onTestFinished,
  )

  const loading = load(`${gateway.url}${path}`, authorizationOf(gateway), {
    callers: 16,
    goOn: () => true,
  })
  await loading.warm
  const [ended, seen] = await Promise.all([gateway.end('SIGTERM'), loading.ended])

  expect(ended.code).toBe(0)
  expect(seen.answered).toBeGreaterThan(100)
  expect(logged(ended, 'incoming request')).toBe(seen.answered)
  expect(logged(ended, 'request completed')).toBe(seen.answered)
  // Each caller ended at the shut door: refused, or reset while it stood in the kernel's queue before it.
  expect(seen.failed).toHaveLength(16)
  for (const code of seen.failed)
    expect(['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET']).toContain(code)
})

/** The first answer of /ready that is not 200. */
async function untilNotReady(url: string): Promise<unknown> {
  const answer = await fetch(`${url}/ready`, { headers: { connection: 'close' } })
  const body: unknown = await answer.json()
  return answer.status === 200 ? untilNotReady(url) : body
}

test('a stop loses no delivery: what was not delivered before is delivered by the next server', async () => {
  const data = dataDirectory(onTestFinished)
  const receiver = await openReceiver()
  const gateway = await startGateway({ ...data, SANDBOX_PORT: '' }, onTestFinished)
  const site = siteClient(gateway.url, demoKey(gateway.stdout()))
  const users = Array.from({ length: 8 }, (_, index) => `user${index}@example.com`)
  const connect = async (user: string): Promise<void> => {
    const { url } = await site('get_bridge_connect_link', {
      redirect_url: `${receiver.origin}/app`,
      webhook_url: `${receiver.origin}/hook`,
      user,
    })
    const home = await visitBank(url)
    expect(home.searchParams.get('success')).toBe('true')
  }
  await Promise.all(users.map(connect))

  const { code } = await gateway.end('SIGTERM')
  const before = receiver.completed.size
  receiver.answers = 200
  const next = await startGateway(gateway.env, onTestFinished)
  // The retries are due in half a minute and more.
  const lever = `${sandboxOf(gateway)}/_sandbox/clock`
  await fetch(lever, { method: 'POST', headers: json, body: '{"advance": 3600000}' })
  await receiver.has(users.length)
  await next.end('SIGTERM')

  expect(code).toBe(0)
  expect(before).toBe(0)
  expect(receiver.completed.size).toBe(users.length)
})

/** A site that answers 503 until it is told otherwise, and remembers whose connection it heard of with success. */
async function openReceiver() {
  const waiting: { count: number; resolve: () => void }[] = []
  const receiver = {
    origin: '',
    answers: 503,
    completed: new Set<string>(),
    has: (count: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ count, resolve })
        if (receiver.completed.size >= count) resolve()
      }),
  }
  const server = createServer((message, response) => {
    let body = ''
    message.on('data', (part: Buffer) => (body += part.toString()))
    message.on('end', () => {
      const { type, content } = JSON.parse(body) as { type: string; content: { user: string } }
      response.writeHead(receiver.answers).end()
      if (receiver.answers === 200 && type === 'connect.completed') {
        receiver.completed.add(content.user)
      }
      for (const { count, resolve } of waiting) if (receiver.completed.size >= count) resolve()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  receiver.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return receiver
}

test('a stop that takes too long is cut short and ends with 1', async () => {
  const data = dataDirectory(onTestFinished)
  const gateway = await startGateway(
    { ...data, STOP_TIMEOUT: '1', SANDBOX_PORT: '' },
    onTestFinished,
  )
  const authorization = authorizationOf(gateway)
  const sandbox = sandboxOf(gateway)
  await fetch(`${sandbox}/_sandbox/faults`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ path: '/v3/providers/574', delay: 60_000, count: 5 }),
  })
  const hanging = fetch(`${gateway.url}/api/method/bank_api.bridge.get_single_bank?bank_id=574`, {
    headers: { authorization },
  }).catch((error: unknown) => error)
  await untilCalled(sandbox, '/v3/providers/574')

  const { code } = await gateway.end('SIGTERM')

  expect(code).toBe(1)
  expect(await hanging).toBeInstanceOf(Error)
})

/** Resolves once the sandbox has heard a call. */
async function untilCalled(sandbox: string, path: string): Promise<void> {
  const calls = (await (await fetch(`${sandbox}/_sandbox/calls`)).json()) as { path: string }[]
  if (!calls.some((call) => call.path === path)) return untilCalled(sandbox, path)
}
