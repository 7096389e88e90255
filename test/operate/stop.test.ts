import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { dataDirectory, startGateway, type GatewayProcess } from '../support/gateway.ts'

/** The demo key a new sandbox prints. */
function demoKey({ stdout }: GatewayProcess): string {
  const [, key = '', secret = ''] = /api_key +(\S+)\s+api_secret +(\S+)/.exec(stdout()) ?? []
  return `token ${key}:${secret}`
}

interface Load {
  answered: number
  /** How calls ended that got no 200. */
  failed: string[]
}

/** Callers that go on until they fail, or are told to stop sending. */
async function load(
  url: string,
  authorization: string,
  { callers, goOn }: { callers: number; goOn: () => boolean },
): Promise<Load> {
  const seen: Load = { answered: 0, failed: [] }
  const dispatcher = new Agent({ connections: callers, pipelining: 1 })
  onTestFinished(() => dispatcher.destroy())
  const call = async (): Promise<boolean> => {
    try {
      const answer = await request(url, { dispatcher, headers: { authorization } })
      await answer.body.text()
      if (answer.statusCode === 200) seen.answered += 1
      else seen.failed.push(`status ${answer.statusCode}`)
      return true
    } catch (error) {
      seen.failed.push((error as { code?: string }).code ?? 'unknown')
      return false
    }
  }
  const caller = async (): Promise<void> => {
    if (goOn() && (await call())) return caller()
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return seen
}

/** How often the server's log has a line about the method. */
const logged = ({ stdout }: { stdout: string }, text: string): number =>
  stdout.split('\n').filter((line) => line.includes(`"${text}"`) && !line.includes('/ready')).length

const path = '/api/method/bank_api.bridge.get_category?lang=fr'

test('a load balancer that heeds /ready loses no call when the server stops', async () => {
  const data = dataDirectory(onTestFinished)
  const gateway = await startGateway(
    { ...data, STOP_DELAY: '2', LOG_LEVEL: 'warn' },
    onTestFinished,
  )
  const warm = Promise.withResolvers<void>()
  let sending = true
  let sent = 0

  const loading = load(`${gateway.url}${path}`, demoKey(gateway), {
    callers: 16,
    goOn() {
      sent += 1
      if (sent === 100) warm.resolve()
      return sending
    },
  })
  await warm.promise
  const ending = gateway.end('SIGTERM')
  const ready = await untilNotReady(gateway.url)
  sending = false
  const [{ code }, seen] = await Promise.all([ending, loading])

  expect(ready).toMatchObject({ status: 'not ready', checks: { server: { reason: 'stopping' } } })
  expect(code).toBe(0)
  expect(seen.failed).toEqual([])
  expect(seen.answered).toBeGreaterThanOrEqual(100)
})

test('SIGTERM under a load that never ends: every call the server took in is answered', async () => {
  const data = dataDirectory(onTestFinished)
  const gateway = await startGateway({ ...data, STOP_DELAY: '1' }, onTestFinished)

  const loading = load(`${gateway.url}${path}`, demoKey(gateway), {
    callers: 16,
    goOn: () => true,
  })
  const [ended, seen] = await Promise.all([gateway.end('SIGTERM'), loading])

  expect(ended.code).toBe(0)
  expect(seen.answered).toBeGreaterThan(50)
  expect(logged(ended, 'incoming request')).toBe(seen.answered)
  expect(logged(ended, 'request completed')).toBe(seen.answered)
  // Each caller ended at the shut door: refused, or reset while it stood in the kernel's queue before it.
  expect(seen.failed).toHaveLength(16)
  for (const code of seen.failed) expect(['ECONNREFUSED', 'ECONNRESET']).toContain(code)
})

/** The first answer of /ready that is not 200. */
async function untilNotReady(url: string): Promise<unknown> {
  const answer = await fetch(`${url}/ready`, { headers: { connection: 'close' } })
  const body: unknown = await answer.json()
  return answer.status === 200 ? untilNotReady(url) : body
}

test('a stop that takes too long is cut short and ends with 1', async () => {
  const data = dataDirectory(onTestFinished)
  const gateway = await startGateway(
    { ...data, STOP_TIMEOUT: '1', SANDBOX_PORT: '' },
    onTestFinished,
  )
  const authorization = demoKey(gateway)
  const sandbox = `http://127.0.0.1:${Number(new URL(gateway.url).port) + 1}`
  await fetch(`${sandbox}/_sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path: '/v3/providers/574', delay: 9_000, count: 5 }),
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
