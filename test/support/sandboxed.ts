import { onTestFinished } from 'vitest'
import { buildApp, startSandbox } from '../../src/app.ts'
import { createMovableClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { callMethod, type Json, type MethodAnswer } from './app.ts'
import { testFolder } from './store.ts'
import { aTenant } from './tenants.ts'

interface CountedCall {
  method: string
  path: string
  query: string
}

/** The server with the Bridge in the box behind real sockets, without background work, and one connected bank. */
export async function sandboxed({ env = {} }: { env?: Record<string, string> } = {}) {
  const config = loadConfig({
    DATA_DIR: testFolder(),
    PORT: '0',
    SANDBOX_PORT: '0',
    LOG_LEVEL: 'silent',
    PUBLIC_URL: 'http://bank-api.test',
    ...env,
  })
  const clock = createMovableClock({ now: () => Date.UTC(2026, 2, 10, 12) })
  const sandbox = await startSandbox(config, clock)
  const log: string[] = []
  const app = await buildApp({
    config,
    database: ':memory:',
    clock,
    sandbox,
    logger: { level: 'info', stream: { write: (line: string) => void log.push(line) } },
  })
  onTestFinished(async () => {
    await app.close()
    await sandbox.close()
  })
  const acme = await aTenant(app)

  const lever = async (method: string, path: string, body?: object): Promise<Json> => {
    const answer = await fetch(`${sandbox.origin}/_sandbox/${path}`, {
      method,
      ...(body && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    })
    return answer.json()
  }
  const call = (method: string, args: object): Promise<MethodAnswer> =>
    callMethod(app, method, args, { as: acme.siteKey })

  /** Does what a browser does with a link: signs in, and comes back. */
  async function walk(method: string, args: object, login = 'success'): Promise<number> {
    const order = { redirect_url: 'http://erp.acme.test/app/bank', ...args }
    const { message: link, body } = await call(method, order)
    if (!link) throw new Error(JSON.stringify(body))
    const end = await fetch(link.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password: 'any' }),
    })
    const back = new URL(end.headers.get('location')!)
    await app.inject({ url: `${back.pathname}${back.search}` })
    return (await call('get_bridge_item_id', { request: link.request })).message.item_id as number
  }
  const itemId = await walk('get_bridge_connect_link', { user: 'ann@acme.test', bank: 'Demo Bank' })

  /** What Bridge was asked since the last time, by path. */
  async function counted(): Promise<Record<string, number>> {
    const calls = (await lever('GET', 'calls')) as CountedCall[]
    await lever('DELETE', 'calls')
    const counts: Record<string, number> = {}
    for (const { method, path } of calls) {
      const name = `${method} ${path.replace(/^\/v3\/(aggregation\/)?/, '')}`
      counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  }
  await counted()
  return { app, acme, clock, log, lever, call, walk, counted, itemId }
}
