import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { createMovableClock, systemClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { buildSandbox } from '../../../src/sandbox/sandbox.ts'
import { freePort } from '../../support/free-port.ts'
import { openSite } from '../../support/receiving-site.ts'
import { runCli } from '../../support/run-cli.ts'
import { aTenant } from '../../support/tenants.ts'
import { mailbox } from '../../unit/alerts/mailbox.ts'
import { pull, visitBank, type Json } from './visit.ts'

const dayMs = 86_400_000
export const minuteMs = 60_000

export type Staged = Awaited<ReturnType<typeof stage>>

/**
 * An installation as it works for a customer: a Bridge that listens, a site that takes webhooks, a bank that is connected, an
 * operator who is told of trouble and has the command line. `daysAgo`: when its clock and Bridge's begin.
 */
export async function stage({
  daysAgo = 0,
  folder = mkdtempSync(join(tmpdir(), 'bank-api-fault-')),
}: { daysAgo?: number; folder?: string } = {}) {
  mkdirSync(folder, { recursive: true })
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const clock = createMovableClock({ now: () => systemClock.now() - daysAgo * dayMs })
  const credentials = { clientId: 'id-of-the-operator', clientSecret: 'secret-of-the-operator' }
  const bridge = { secret: 'webhook-secret' }
  const [port, site, box] = [await freePort(), await openSite(onTestFinished), await mailbox()]
  const url = `http://127.0.0.1:${port}`

  // Bridge's moves along with ours, and may be put forward by itself.
  const bridgeClock = createMovableClock(clock)
  const sandbox = buildSandbox({
    clock: bridgeClock,
    origin: () => sandbox.listeningOrigin,
    credentials,
    webhook: { url: () => `${url}/webhooks/bridge`, secrets: () => [bridge.secret] },
  })
  const bridgeOrigin = await sandbox.listen({ host: '127.0.0.1', port: 0 })
  const env = {
    DATA_DIR: join(folder, 'data'),
    PORT: String(port),
    PUBLIC_URL: url,
    LOG_LEVEL: 'silent',
    BRIDGE_BASE_URL: bridgeOrigin,
    BRIDGE_CLIENT_ID: credentials.clientId,
    BRIDGE_CLIENT_SECRET: credentials.clientSecret,
    BRIDGE_WEBHOOK_SECRETS: bridge.secret,
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    DEFAULT_USER_EMAIL: 'bank@acme.test',
    ALLOW_HTTP: 'true',
    ALLOWED_TARGETS: '127.0.0.0/8',
    ALERT_URL: `http://${box.host}/alerts`,
    HEALTHCHECK_URL: `http://${box.host}/signs`,
  }
  const app = await buildApp({
    config: loadConfig(env),
    clock,
    workers: true,
    identity: { host: 'here', pid: process.pid, isAlive: () => true },
  })
  onTestFinished(async () => {
    await app.close()
    await sandbox.close()
  })
  const acme = await aTenant(app, { sites: ['erp'] })
  await app.store.allowTargets(acme.site.id, ['127.0.0.0/8'], { actor: 'test', at: clock.now() })
  await app.listen({ host: '127.0.0.1', port })

  const call = async (
    method: string,
    args: object = {},
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Json }> => {
    const answer = await fetch(`${url}/api/method/bank_api.bridge.${method}`, {
      method: 'POST',
      headers: {
        authorization: acme.siteKey.authorization,
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(args),
    })
    return { status: answer.status, body: await answer.json() }
  }
  const order = {
    base_url: site.origin,
    redirect_url: '/app/bank',
    webhook_url: site.webhookUrl,
    bank: 'Demo Bank',
    user: 'ada@acme.test',
  }
  const link = (await call('get_bridge_connect_link', order)).body.message
  const home = await visitBank(link.url as string)
  const itemId = Number(home.searchParams.get('item_id'))
  await site.hears('connect.completed')

  const signs = () => box.came.map(({ path }) => path).filter((path) => path.startsWith('/signs'))
  const begun = () => signs().filter((path) => path === '/signs/start').length

  return {
    app,
    clock,
    bridgeClock,
    site,
    bridge,
    env,
    acme,
    order,
    itemId,
    call,
    lever: (name: string, body?: object) => pull(bridgeOrigin, name, body),
    /** Ends the connection at Bridge, past us. */
    async deleteAtBridge(): Promise<void> {
      const headers = {
        'bridge-version': '2025-01-15',
        'client-id': credentials.clientId,
        'client-secret': credentials.clientSecret,
        'content-type': 'application/json',
      }
      const [user] = await app.store.listUsers({ name: order.user }, { limit: 1 })
      const body = JSON.stringify({ user_uuid: user?.user.userUuid })
      const token = await fetch(`${bridgeOrigin}/v3/aggregation/authorization/token`, {
        method: 'POST',
        headers,
        body,
      })
      const { access_token } = (await token.json()) as { access_token: string }
      await fetch(`${bridgeOrigin}/v3/aggregation/items/${itemId}`, {
        method: 'DELETE',
        headers: { ...headers, authorization: `Bearer ${access_token}` },
      })
    },
    /** What the operator is told within five minutes: they pass by the clock, and the server looks by itself when it does. */
    async fiveMinutes(): Promise<string[]> {
      // As they do by themselves, every ten seconds and every second; the disk may be full.
      await app.auditCounter.flush().catch(() => {})
      await app.callLog.flush().catch(() => {})
      box.take()
      for (const looks of [1, 2]) {
        clock.advance(2.5 * minuteMs)
        await expect.poll(begun).toBe(looks)
      }
      await expect.poll(() => signs().at(-1)).not.toBe('/signs/start')
      const texts = box.take().filter(({ path }) => path === '/alerts')
      return texts.map(({ body }) => (JSON.parse(body) as { text: string }).text)
    },
    /** What the operator reads, in one line. */
    async ask(...words: string[]): Promise<string> {
      const { out, err } = await runCli(folder, words, env)
      return `${out}${err}`.replaceAll(/\s+/g, ' ')
    },
  }
}
