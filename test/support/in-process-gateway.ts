import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp, startSandbox } from '../../src/app.ts'
import { createMovableClock, type MovableClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { createDemo } from '../../src/demo/demo-key.ts'
import { freePort } from './free-port.ts'

/** A gateway with its sandbox, on real sockets, in this process. */
export interface Gateway {
  /** Where it is reached. */
  origin: string
  /** The demo site's address: nobody answers there. */
  siteOrigin: string
  clock: MovableClock
  call(method: string, args: object): Promise<Record<string, unknown>>
  link(args: object): Promise<{ url: string; request: string }>
  close(): Promise<void>
}

export async function startGateway(): Promise<Gateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bank-api-'))
  const port = await freePort()
  const config = loadConfig({
    DATA_DIR: dataDir,
    PORT: String(port),
    SANDBOX_PORT: '0',
    LOG_LEVEL: 'silent',
  })
  const clock = createMovableClock()
  const sandbox = await startSandbox(config, clock)
  const app = await buildApp({ config, clock, sandbox, workers: true })
  const demo = await createDemo(app, config.publicUrl)
  if (!demo) throw new Error('There is no demo key')
  await app.listen({ host: '127.0.0.1', port })

  const siteOrigin = 'http://erp.example.test'
  async function call(method: string, args: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${config.publicUrl}/api/method/bank_api.bridge.${method}`, {
      method: 'POST',
      headers: {
        authorization: `token ${demo!.apiKey}:${demo!.apiSecret}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(args),
    })
    const body = (await answer.json()) as { message: Record<string, unknown> }
    if (!answer.ok) throw new Error(JSON.stringify(body))
    return body.message
  }
  return {
    origin: config.publicUrl,
    siteOrigin,
    clock,
    call,
    link: async (args) => {
      const order = { redirect_url: `${siteOrigin}/app/bank`, bank: 'Demo Bank', ...args }
      return (await call('get_bridge_connect_link', order)) as { url: string; request: string }
    },
    async close() {
      await app.close()
      await sandbox.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
