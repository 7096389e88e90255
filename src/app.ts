import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import sensible from '@fastify/sensible'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Dispatcher } from 'undici'
import alerts from './alerts/plugin.ts'
import audit from './audit/plugin.ts'
import { admit, type Caller } from './auth/api-keys.ts'
import { copySigner } from './vault/copy-signer.ts'
import { isWithin, networkOf } from './networks.ts'
import { pinApplication } from './vault/unlock.ts'
import auth from './auth/plugin.ts'
import backup from './backup/plugin.ts'
import bridge from './bridge/plugin.ts'
import { savedQuota } from './bridge/admission/bridge-status.ts'
import {
  createClockWatch,
  createFollowingClock,
  createIds,
  steadyClock,
  systemClock,
  type Clock,
  type ClockWatch,
  type FollowingClock,
  type Ids,
  type MovableClock,
} from './clock.ts'
import { sandboxCredentials, type Config, type DatabaseLocation } from './config.ts'
import { matchRefreshed } from './connect/match-refreshed.ts'
import connect from './connect/plugin.ts'
import operatorsPages from './console/plugin.ts'
import type { Leader } from './cluster/leader.ts'
import type { ProcessIdentity } from './cluster/single-server.ts'
import { setByDatabase } from './cluster/members.ts'
import cluster from './cluster/plugin.ts'
import db from './db/plugin.ts'
import { createSelfExaminer } from './doctor/self-examination.ts'
import type { Probes } from './doctor/probes.ts'
import { frappePlugin } from './frappe/plugin.ts'
import { askedName } from './frappe/request.ts'
import { frappeServerOptions } from './frappe/server-options.ts'
import { createUnderWay } from './frappe/under-way.ts'
import { idsNamedIn } from './calls/call-log.ts'
import calls from './calls/plugin.ts'
import { loggerOptions, RequestLog } from './logger.ts'
import metrics from './metrics/plugin.ts'
import { readerFor } from './metrics/reading.ts'
import { describeApi } from './openapi/document.ts'
import { createReadiness } from './cluster/readiness.ts'
import erasure from './erasure/plugin.ts'
import sitesPages from './portal/plugin.ts'
import bridgeCallback from './routes/bridge-callback.ts'
import bridgeWebhook from './routes/bridge-webhook.ts'
import { contextMaker, type MethodContext } from './routes/context.ts'
import demo from './routes/demo.ts'
import docs from './routes/docs.ts'
import { frontOf } from './routes/front.ts'
import health from './routes/health.ts'
import { methods } from './routes/index.ts'
import metricsPage from './routes/metrics.ts'
import renew from './routes/renew.ts'
import unsubscribe from './routes/unsubscribe.ts'
import securityHeaders, { secure } from './routes/security-headers.ts'
import { buildSandbox } from './sandbox/sandbox.ts'
import { createConnections, type Connections } from './sockets/connections.ts'
import { socketLimitsWith, type SocketLimits } from './sockets/socket-limits.ts'
import jobs from './jobs/plugin.ts'
import { mailServerOf } from './mail/mailer.ts'
import retention from './retention/plugin.ts'
import vault from './vault/plugin.ts'
import { version } from './version.ts'
import webhooks from './webhooks/plugin.ts'
import { openedTo } from './webhooks/relay/target-guard.ts'

declare module 'fastify' {
  interface FastifyInstance {
    connections: Connections
    clock: Clock
    clockWatch: ClockWatch
    /** For what is counted in memory: nobody sets it. */
    steadyClock: Clock
    ids: Ids
  }
}

interface AppOptions {
  config: Config
  /** Instead of the configured one: `:memory:`, or a server. Nobody copies it. */
  database?: DatabaseLocation
  /** Instead of a pool to `bridgeBaseUrl`. */
  dispatcher?: Dispatcher
  /** Bridge in the box, when it is the one to call. */
  sandbox?: Pick<RunningSandbox, 'origin' | 'webhookSecret'>
  clock?: Clock
  /** What `clock` goes by: it follows the database's where servers share one. */
  time?: FollowingClock
  ids?: Ids
  logger?: FastifyServerOptions['logger']
  /** Background work: off unless asked for. */
  workers?: boolean
  /** Instead of some of `socketLimits`. */
  socketLimits?: Partial<SocketLimits>
  /** Instead of how the examination for alerts touches the world. */
  probes?: Probes
  /** Given by a server process: holds the database against a second one. */
  identity?: ProcessIdentity
  onDatabaseLost?: () => void
  /** Instead of who leads, or of the only server. */
  leader?: Leader
}

/** Assembles the whole server, in order. Never listens; `close()` undoes it in reverse. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, workers = false, time = createFollowingClock() } = options
  const { clock = time, ids = createIds(time) } = options
  const https = config.publicUrl.startsWith('https:')
  const { app, connections } = createServer(options, { https, ids })
  app.decorate('connections', connections)

  await app.register(sensible)
  await app.register(securityHeaders, { https })
  const signerOf = copySigner(config, systemClock)
  const { database: configured } = config.secrets
  await app.register(db, { location: options.database ?? configured, signerOf })
  const file =
    options.database === undefined && typeof configured === 'string' ? configured : undefined
  await setByDatabase(time, app.store)
  const clockWatch = createClockWatch({ wall: time })
  app.decorate('clock', clock)
  app.decorate('clockWatch', clockWatch)
  app.decorate('steadyClock', steadyClock(clock, clockWatch))
  app.decorate('ids', ids)
  await app.register(calls)
  await app.register(metrics, { version, methods: methods.map(({ name }) => name) })
  await app.register(vault, { config, workers })
  await app.register(auth, { config })
  const { identity, onDatabaseLost: onLost, leader } = options
  const isSandbox = config.sandbox !== undefined
  await app.register(cluster, { identity, time, onLost, mustBeAlone: isSandbox, leader })
  if (workers) await app.register(audit)
  // What is registered later is stopped earlier: a copy under way may take minutes to end, and the other workers are not to
  // run on meanwhile.
  if (workers && file !== undefined) {
    await app.register(backup, { database: file, signerOf, ...config.backup })
  }
  const bridgeOrigin = options.sandbox?.origin ?? config.bridgeBaseUrl
  await app.register(bridge, {
    ...(config.secrets.bridge ?? sandboxCredentials),
    baseUrl: bridgeOrigin,
    dispatcher: options.dispatcher,
    proxy: config.secrets.proxy,
    onProven: () => {
      pinApplication(app.store, config).catch((error: unknown) => {
        app.log.error(
          { room: 'bridge', err: error },
          'the database was not bound to its Bridge application',
        )
      })
    },
    clock,
    steady: app.steadyClock,
    clockWatch: app.clockWatch,
    limits: config.quota,
    saved: savedQuota(await app.store.readBridgeStatus()),
    lender: app.store.quota && { lend: app.store.quota.lendQuota, by: app.memberId },
    workers,
    random: () => ids.random(),
    onCall: (call) => {
      app.metrics.bridgeCalled(call)
      const caller = app.callLog.current()
      const { method, route, status = null, durationMs: ms } = call
      caller?.bridge.push({ call: `${method} ${route}`, status, ms })
      app.log.debug({ room: 'bridge', reqId: caller?.id, ...call }, 'bridge called')
    },
  })
  const needsAddresses = config.defaultUserEmail === undefined && !config.sandbox
  const { publicUrl } = config
  await app.register(connect, { workers, publicUrl, needsAddresses })
  await app.register(jobs, {
    workers,
    isSandbox,
    publicUrl,
    bridgeOrigin,
    mailServer: mailServerOf(config),
  })
  await app.register(erasure, { workers })
  await app.register(retention, { workers, retention: config.retention })

  await app.register(webhooks, {
    workers,
    publicUrl,
    openedTo: (ownRanges) => openedTo(ownRanges, config),
    onRefreshed: (item, now) => matchRefreshed(app.settleDeps, item, now),
  })

  const underWay = createUnderWay()
  const methodNames = new Set(methods.map(({ name }) => name))
  const hasDemo = isSandbox && !config.production
  const settings = { ...config, checkTarget: app.relay.checkTarget, pageTakesBank: isSandbox }
  const makeContext = contextMaker(app, { settings, underWay })
  await app.register(
    frappePlugin<Caller, MethodContext>({
      methods,
      async authenticate({ key, secret }, request) {
        const caller = await admit(app, {
          key,
          secret,
          address: request.ip,
          onFound: ({ tenant, site }, { isGood }) => {
            request.calledBy = { key, tenant: tenant.name, site: site?.name ?? null }
            const who = { apiKey: key, tenantId: tenant.id, siteId: site?.id ?? null }
            const asked = askedName(request)
            // Of one who only names the key no other word is kept.
            const method = isGood || methodNames.has(asked) ? asked : 'unknown'
            Object.assign(request.openCall, { method, ...who })
          },
        })
        connections.admitted(request.socket, caller.tenant.id)
        return caller
      },
      unauthenticated: ({ ip }) => app.limits.unauthenticated.take(networkOf(ip)),
      context: (request, reply, caller) => makeContext(request, reply, caller!),
      underWay,
      tenant: ({ tenant }) => tenant.id,
      site: ({ site }) => site?.id,
      mayOnlyRead: ({ readOnly }) => readOnly,
      loggedUser: ({ tenant, site }) => site?.name ?? tenant.name,
      allowQueryCredentials: config.allowQueryCredentials,
      front: frontOf(app, { publicUrl, hasDemo, hasConsole: config.console }),
      observe: {
        asked(request, { name }) {
          Object.assign(request.openCall, { method: name, isAdmitted: true })
        },
        parsed: (request, args) => void Object.assign(request.openCall, idsNamedIn(args)),
        answered: (request, value) => void Object.assign(request.openCall, idsNamedIn(value)),
      },
      checkResults: !config.production,
    }),
  )
  // Examining is background work too: it asks Bridge and every site's address.
  const examiner = () =>
    workers
      ? createSelfExaminer(app, { config, bridgeOrigin, probes: options.probes })
      : async () => []
  if (workers) {
    const name = identity && `process ${identity.pid} on ${identity.host}`
    await app.register(alerts, { config, examine: examiner(), name })
  }
  const readiness = createReadiness({
    store: app.store,
    memberId: app.memberId,
    heartbeats: app.heartbeats,
    lifecycle: app.lifecycle,
    dataDir: file === undefined ? undefined : config.dataDir,
    now: time.now,
  })
  await app.register(health, { readiness, version })
  await app.register(metricsPage, {
    metrics: app.metrics,
    token: config.secrets.metricsToken,
    read: readerFor(app, { config, readiness, file }),
  })
  await app.register(docs, {
    describe: () => describeApi(methods, { version, publicUrl: config.publicUrl }),
    canTry: config.sandbox !== undefined,
  })
  await app.register(bridgeCallback)
  await app.register(bridgeWebhook, {
    secrets: options.sandbox ? [options.sandbox.webhookSecret] : config.secrets.webhookSecrets,
  })
  await app.register(renew)
  await app.register(unsubscribe)
  await app.register(sitesPages, {
    prefix: '/portal',
    eventsDays: config.retention.eventsDays,
  })
  if (hasDemo) await app.register(demo, { publicUrl, makeContext })
  if (config.console) {
    await app.register(operatorsPages, { prefix: '/console', examine: examiner() })
  }
  return app
}

/** Fastify as Frappe's callers need it, over sockets that have limits. */
function createServer(
  { config, logger, socketLimits }: AppOptions,
  { https, ids }: { https: boolean; ids: Ids },
): { app: FastifyInstance; connections: Connections } {
  const isProxy = isWithin(config.trustedProxies)
  const connections = createConnections({
    limits: socketLimitsWith(socketLimits),
    isProxy,
    onCut: (counts) => app.log.warn({ room: 'sockets', ...counts }, 'connections cut'),
  })
  const app = fastify({
    ...frappeServerOptions,
    logger: logger ?? loggerOptions(config.logLevel),
    logController: new RequestLog(),
    // A server that takes over waits for longer than the usual ten seconds, and so may a migration.
    pluginTimeout: 0,
    return503OnClosing: false, // its answer would not be in our shape; what arrives while closing is served
    genReqId: () => ids.next('req'),
    serverFactory: (handler) => connections.serve(handler),
    frameworkErrors(error, request, reply) {
      secure(reply, https)
      frappeServerOptions.frameworkErrors(error, request, reply)
    },
    trustProxy: config.trustedProxies.length > 0 ? isProxy : false,
  })
  return { app, connections }
}

/** A Bridge of our own that listens. */
export interface RunningSandbox {
  origin: string
  /** What it signs webhooks with. */
  webhookSecret: string
  close(): Promise<void>
}

/** Starts the Bridge in the box on its own port, on loopback. The gateway shares its clock, so the clock lever moves both. */
export async function startSandbox(config: Config, clock: MovableClock): Promise<RunningSandbox> {
  const webhookSecret = randomBytes(32).toString('hex')
  const sandbox = buildSandbox({
    clock,
    origin: () => sandbox.listeningOrigin,
    credentials: sandboxCredentials,
    statePath: join(config.dataDir, 'sandbox.json'),
    webhook: {
      url: () => `${localOrigin(config)}/webhooks/bridge`,
      secrets: () => [webhookSecret],
    },
  })
  const origin = await sandbox.listen({ host: '127.0.0.1', port: config.sandbox?.port ?? 0 })
  return { origin, webhookSecret, close: () => sandbox.close() }
}

/** Where this machine reaches the server itself, whatever stands before it. */
function localOrigin({ host, port }: Config): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
