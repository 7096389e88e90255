import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { Agent, request } from 'undici'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { systemClock, systemIds } from '../../../src/clock.ts'
import { databasePath, loadConfig } from '../../../src/config.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'
import { testFolder } from '../../support/store.ts'
import { aKey, aTenant, aUser, testBy } from '../../support/tenants.ts'

const program = fileURLToPath(new URL('server-process.ts', import.meta.url))
const secret = 'webhook-secret'

/** A folder with one site that listens at `webhookUrl`, servers on it, and a Bridge that posts to them, on so many connections. */
export async function installation(webhookUrl: string, { connections = 64, onEach = 1 } = {}) {
  const folder = testFolder()
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    DATA_DIR: folder,
    PORT: '0',
    LOG_LEVEL: 'silent',
    ALLOW_HTTP: 'true',
    ALLOWED_TARGETS: '127.0.0.0/8',
    BACKUP_HOURS: '0',
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    BRIDGE_BASE_URL: 'http://127.0.0.1:9', // discard: Bridge is not needed
    BRIDGE_WEBHOOK_SECRETS: secret,
    MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
  }
  const config = loadConfig(env)
  const store = createSqliteStore(databasePath(config))
  onTestFinished(() => store.close())
  const keyring = await unlockInstance(store, { config, clock: systemClock })
  const rooms = { store, keyring, clock: systemClock, ids: systemIds }
  const { tenant, site } = await aTenant(rooms)
  const user = await aUser(rooms, site)
  await store.updateSite(site.id, { webhookUrl }, testBy)
  await store.allowTargets(site.id, ['127.0.0.0/8'], testBy)

  /** Starts a server, under `tracer` when one is given, and resolves when it listens. */
  async function start(more: Record<string, string> = {}, tracer: readonly string[] = []) {
    const [command, ...args] = [...tracer, process.execPath, program]
    const child = spawn(command, args, {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a tracer and what it traces end together
    })
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve())
    })
    const kill = async (): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
      await ended
    }
    onTestFinished(kill)
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    const port = await new Promise<number>((resolve, reject) => {
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        const [, port] = /listening (\d+)\n/.exec(said) ?? []
        if (port !== undefined) resolve(Number(port))
      })
      void ended.then(() => reject(new Error(`The server ended:\n${errors}`)))
    })
    return { url: `http://127.0.0.1:${port}`, kill }
  }

  const dispatcher = new Agent({ connections, pipelining: onEach })
  onTestFinished(() => dispatcher.destroy())
  /** Posts an event about an item as Bridge does. Resolves to the status, or null when there was no answer. */
  async function post(url: string, itemId: number): Promise<number | null> {
    const body = JSON.stringify({
      type: 'item.created',
      content: { item_id: itemId, user_uuid: user.userUuid },
      timestamp: systemClock.now(),
    })
    const headers = { 'bridgeapi-signature': signBridgeWebhook(body, secret) }
    try {
      const answer = await request(`${url}/webhooks/bridge`, {
        method: 'POST',
        body,
        headers,
        dispatcher,
        // Or a POST would wait for the answer before it.
        idempotent: true,
        blocking: false,
      })
      await answer.body.dump()
      return answer.statusCode
    } catch {
      return null
    }
  }

  /** The first call of a new key of the site. Resolves to the status. */
  async function callAnew(url: string): Promise<number> {
    const { authorization } = await aKey(rooms, tenant, site)
    const path = `${url}/api/method/frappe.auth.get_logged_user`
    const { statusCode, body } = await request(path, { headers: { authorization }, dispatcher })
    await body.dump()
    return statusCode
  }

  /** Opens all connections, which later posts use: a server that waits for its disk accepts few. */
  async function connect(url: string): Promise<void> {
    const opening = Array.from({ length: connections }, async () => {
      const { body } = await request(`${url}/live`, { dispatcher })
      await body.dump()
    })
    await Promise.all(opening)
  }

  /** The items whose events are stored, and those whose events were applied. */
  const stored = async () => {
    const events = await store.listEvents({}, { first: 'oldest', limit: 1_000_000 })
    const states = new Map(events.map(({ id, delivery }) => [id, delivery?.state ?? 'kept']))
    const items = new Set((await store.listItems(user.id)).map(({ id }) => id))
    const { unhandledEvents: unhandled } = await store.readFigures(Number.MAX_SAFE_INTEGER)
    return { states, items, unhandled }
  }
  const database = join(folder, 'bank-api.sqlite')
  return { folder, database, store, start, connect, post, callAnew, stored }
}
