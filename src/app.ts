import { join } from 'node:path'
import rateLimit from '@fastify/rate-limit'
import sensible from '@fastify/sensible'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Dispatcher } from 'undici'
import { authenticate, type Caller } from './auth/api-keys.ts'
import auth from './auth/plugin.ts'
import bridge from './bridge/plugin.ts'
import { systemClock, systemIds, type Clock, type Ids, type MovableClock } from './clock.ts'
import type { Config } from './config.ts'
import connect from './connect/plugin.ts'
import { holdDatabase, type Place } from './db/lease.ts'
import db from './db/plugin.ts'
import { frappePlugin } from './frappe/plugin.ts'
import { frappeServerOptions } from './frappe/server-options.ts'
import { loggerOptions } from './logger.ts'
import bridgeCallback from './routes/bridge-callback.ts'
import { contextMaker, type MethodContext } from './routes/context.ts'
import health from './routes/health.ts'
import { methods } from './routes/index.ts'
import { buildSandbox } from './sandbox/sandbox.ts'

export interface AppOptions {
  config: Config
  /** Instead of the file in `dataDir`: `:memory:`. */
  database?: string
  /** Instead of a pool to `bridgeBaseUrl`. */
  dispatcher?: Dispatcher
  /** Where Bridge is, when not where the config says: the sandbox in the box. */
  bridgeBaseUrl?: string
  clock?: Clock
  ids?: Ids
  logger?: FastifyServerOptions['logger']
  /** Background work: off unless asked for. */
  workers?: boolean
  /** Given by a server process: holds the database against a second one. */
  place?: Place
  onDatabaseLost?: () => void
}

/** Assembles the whole server, in order. Never listens; `close()` undoes it in reverse. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, clock = systemClock, ids = systemIds, workers = false } = options
  const app = fastify({
    ...frappeServerOptions,
    logger: options.logger ?? loggerOptions(config.logLevel),
    return503OnClosing: false, // its answer would not be in our shape; what arrives while closing is served
    genReqId: () => ids.next('req'),
    requestTimeout: 30_000,
    connectionTimeout: 0,
    keepAliveTimeout: 75_000,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
  })

  await app.register(sensible)
  await app.register(rateLimit, { global: false })
  await app.register(db, { path: options.database ?? databasePath(config) })
  await app.register(auth, { config, clock, ids })
  if (options.place) {
    const { place, onDatabaseLost: onLost = () => {} } = options
    const held = await holdDatabase(app.store, { place, clock: systemClock, ids, onLost })
    app.addHook('onClose', () => held.stop())
  }
  await app.register(bridge, {
    ...(config.secrets.bridge ?? sandboxCredentials),
    baseUrl: options.bridgeBaseUrl ?? config.bridgeBaseUrl,
    dispatcher: options.dispatcher,
    clock,
    random: () => ids.random(),
    onCall: (call) => app.log.debug({ room: 'bridge', ...call }, 'bridge called'),
  })
  await app.register(connect, { workers })

  const makeContext = contextMaker(app, config)
  await app.register(
    frappePlugin<Caller, MethodContext>({
      methods,
      authenticate: ({ key, secret }, { ip }) => authenticate(app, { key, secret, address: ip }),
      context: (request, _reply, caller) => makeContext(request, caller!),
      loggedUser: ({ tenant, site }) => site?.name ?? tenant.name,
      allowQueryCredentials: config.allowQueryCredentials,
      checkResults: !config.production,
    }),
  )
  await app.register(health)
  await app.register(bridgeCallback, { settling: app.settling })
  return app
}

/** The file that holds everything. */
export const databasePath = (config: Config): string => join(config.dataDir, 'bank-api.sqlite')

/** What we show the Bridge in the box. */
const sandboxCredentials = { clientId: 'sandbox_id', clientSecret: 'sandbox_secret' }

/** Starts the Bridge in the box on its own port, on loopback. The gateway shares its clock, so the clock lever moves both. */
export async function startSandbox(
  config: Config,
  clock: MovableClock,
): Promise<{ origin: string; close(): Promise<void> }> {
  const sandbox = buildSandbox({
    clock,
    origin: () => sandbox.listeningOrigin,
    credentials: sandboxCredentials,
    statePath: join(config.dataDir, 'sandbox.json'),
  })
  const origin = await sandbox.listen({ host: '127.0.0.1', port: config.sandbox?.port ?? 0 })
  return { origin, close: () => sandbox.close() }
}
