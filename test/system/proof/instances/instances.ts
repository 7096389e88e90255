import { onTestFinished } from 'vitest'
import type { Pool } from 'pg'
import { createMovableClock, systemClock, systemIds } from '../../../../src/clock.ts'
import { loadConfig } from '../../../../src/config.ts'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import type { Store } from '../../../../src/db/store.ts'
import { buildSandbox } from '../../../../src/sandbox/sandbox.ts'
import { unlockInstance } from '../../../../src/vault/unlock.ts'
import { layCable, type Cable } from '../../../support/cable.ts'
import { freePort } from '../../../support/free-port.ts'
import type { Env } from '../../../support/gateway.ts'
import { aTenant, aUser, testBy, type TestRooms } from '../../../support/tenants.ts'
import { pull } from '../../e2e/visit.ts'
import { openBalancer, type Balancer } from './balancer.ts'
import { openEndpoint, type Endpoint } from './endpoint.ts'
import { anInstance, type Instance } from './instance.ts'
import type { Program } from './program.ts'

/** What Bridge's webhooks are signed with. */
export const webhookSecret = 'secret-of-the-webhooks'

/** What Bridge allows for one user: less than it does, so that a slow machine also asks for more than that. */
const fewCalls = 25

/** Who gets Bridge's events: a site with its endpoint, and users whom Bridge knows. */
export interface Listener {
  site: string
  endpoint: Endpoint
  users: { id: string; userUuid: string }[]
}

/** Several instances on one PostgreSQL behind a balancer, with a Bridge beside and sites that listen. */
export interface Instances {
  all: readonly (Instance & { cable: Cable })[]
  balancer: Balancer
  /** The Bridge in the box, in this process, with its quotas on. */
  bridge: { url: string }
  listeners: readonly Listener[]
  /** What a site shows us. */
  authorization: string
  store: Store
  /** For tenants besides. */
  rooms: TestRooms
  pool: Pool
}

interface Options {
  /** How many instances. */
  count?: number
  /** What some of them are told besides, by their number. */
  envOf?: (index: number) => Env
  /** What Bridge allows for one user, and the instances know. */
  userPerMinute?: number
}

/** Three instances, unless told otherwise, that were not started yet. `databaseUrl` is a migrated database on this machine. */
export async function threeInstances(
  program: Program,
  databaseUrl: string,
  { count = 3, envOf = () => ({}), userPerMinute = fewCalls }: Options = {},
): Promise<Instances> {
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()))
  const balancer = await openBalancer(ports.map((port) => `http://127.0.0.1:${port}`))
  const bridge = await openBridge(`${balancer.url}/webhooks/bridge`, userPerMinute)
  const common: Env = {
    PUBLIC_URL: balancer.url,
    ALLOW_HTTP: 'true',
    ALLOWED_TARGETS: '127.0.0.0/8',
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    BRIDGE_BASE_URL: bridge.url,
    BRIDGE_WEBHOOK_SECRETS: webhookSecret,
    MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
    QUOTA_USER_PER_MINUTE: String(userPerMinute),
    // Both are for strangers, and would be reached by a test that hurries.
    LIMIT_PER_KEY: '0',
    LIMIT_PER_ADDRESS: '0',
    STOP_DELAY: '2', // the balancer looks more often than that
  }
  const pool = createPool({ url: databaseUrl, poolSize: 4, waitMs: 0 })
  onTestFinished(() => pool.end())
  const store = createPostgresStore(pool)
  const config = loadConfig({ ...common, DATABASE_URL: databaseUrl })
  const keyring = await unlockInstance(store, { config, clock: systemClock })
  const rooms = { store, keyring, clock: systemClock, ids: systemIds }
  const sites = ['busy.acme.test', 'quiet.acme.test', 'other.acme.test']
  const tenant = await aTenant(rooms, { sites })
  const listeners = await Promise.all(
    tenant.sites.map(async (site, index): Promise<Listener> => {
      // One takes its time, so that an accident finds something in hand.
      const endpoint = await openEndpoint(index === 2 ? 500 : 30)
      await store.updateSite(site.id, { webhookUrl: endpoint.url }, testBy)
      await store.allowTargets(site.id, ['127.0.0.0/8'], testBy)
      // The first site has more to be told at once than its endpoint may be asked at once.
      const names = Array.from({ length: index === 0 ? 10 : 1 }, (_, user) => `user${user}`)
      const users = await Promise.all(names.map((name) => aUser(rooms, site, { name })))
      return { site: site.id, endpoint, users }
    }),
  )
  const databasePort = Number(new URL(databaseUrl).port)
  const all = await Promise.all(
    ports.map(async (port, index) => {
      const cable = await layCable(databasePort)
      const own = new URL(databaseUrl)
      own.port = String(cable.port)
      const env = { ...common, PORT: String(port), DATABASE_URL: own.href, ...envOf(index) }
      return Object.assign(anInstance(program, env), { cable })
    }),
  )
  const { authorization } = tenant.siteKey
  return { all, balancer, bridge, listeners, authorization, store, rooms, pool }
}

/** The instance that leads; undefined while none does. */
export async function leaderOf({ all, pool }: Instances) {
  const { rows } = await pool.query<{ pid: number }>(
    'SELECT pid FROM leader JOIN members ON members.id = leader.member_id',
  )
  return all.find((one) => one.pid() === Number(rows[0]?.pid))
}

/** The instance that has the most deliveries in hand; undefined when there are none. */
export async function busiestOf({ all, pool }: Instances) {
  const { rows } = await pool.query<{ pid: number }>(
    `SELECT pid FROM deliveries JOIN members ON members.id = claimed_by
     GROUP BY pid ORDER BY count(*) DESC LIMIT 1`,
  )
  return all.find((one) => one.pid() === Number(rows[0]?.pid))
}

async function openBridge(webhookUrl: string, userPerMinute: number): Promise<{ url: string }> {
  const sandbox = buildSandbox({
    clock: createMovableClock(),
    origin: () => bridge.url,
    webhook: { url: () => webhookUrl, secrets: () => [webhookSecret] },
  })
  const bridge = { url: '' }
  bridge.url = await sandbox.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => sandbox.close())
  await pull(bridge.url, 'quotas', { on: true, limits: { user: userPerMinute } })
  return bridge
}
