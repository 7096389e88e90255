import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { createClockWatch, steadyClock, type Clock, type ClockWatch, type Ids } from '../clock.ts'
import type { Config } from '../config.ts'
import type { LimitName } from '../errors.ts'
import { startLoop, type Loop } from '../loop.ts'
import { masterKeysOf, unlockInstance } from '../vault/instance.ts'
import type { Keyring } from '../vault/keyring.ts'
import { createDailyLimiter, createLimiter, isWithin, keptOf, type Limits } from './limits.ts'
import { learnDataKeys } from '../vault/rekey.ts'
import { createAuditCounter, type AuditCounter } from '../audit/counter.ts'
import { createProxyWatch } from './proxy-watch.ts'

declare module 'fastify' {
  interface FastifyInstance {
    clock: Clock
    clockWatch: ClockWatch
    /** For what is counted in memory: nobody sets it. */
    steadyClock: Clock
    ids: Ids
    keyring: Keyring
    limits: Limits
    auditCounter: AuditCounter
  }
}

const flushMs = 10_000
const learnMs = 1_000

/** How often browsers of one network may come back from Bridge in a minute: an office may share its address. */
const callbacksPerMinute = 60

interface Options {
  config: Config
  clock: Clock
  /** What the clock goes by, without a sandbox's lever: it may be set. */
  time: Clock
  ids: Ids
  workers: boolean
}

/** Unlocks the installation's keys; a database of another mode or master key stops the start here. */
const plugin: FastifyPluginAsync<Options> = async (app, { config, clock, time, ids, workers }) => {
  const log = app.log.child({ room: 'auth' })
  const { store } = app
  const keyring = await unlockInstance(store, { config, clock })
  app.decorate('clock', clock)
  const clockWatch = createClockWatch({ wall: time })
  const steady = steadyClock(clock, clockWatch)
  app.decorate('clockWatch', clockWatch)
  app.decorate('steadyClock', steady)
  app.decorate('ids', ids)
  app.decorate('keyring', keyring)
  // Asked by the time of a call: then this server has joined the others.
  const shared = { clock: steady, among: () => app.membership.living() }
  const ofMinute = (perMinute: number, limit: LimitName) =>
    createLimiter({ ...shared, perMinute, limit })
  const ofDay = (perDay: number, limit: LimitName) =>
    createDailyLimiter({ ...shared, perDay, limit })
  app.decorate('limits', {
    keys: ofMinute(config.limits.perKey, 'key'),
    unauthenticated: ofMinute(config.limits.perAddress, 'address'),
    callbacks: ofMinute(callbacksPerMinute, 'callbacks'),
    links: {
      tenants: ofDay(keptOf.linksPerTenant, 'tenant_links'),
      sites: ofDay(keptOf.linksPerSite, 'site_links'),
    },
    webhookUrls: ofDay(keptOf.webhookUrlsPerSite, 'site_webhook_urls'),
    siteKeys: ofDay(keptOf.siteKeysPerTenant, 'tenant_site_keys'),
    siteActs: ofDay(keptOf.actsPerSite, 'site_acts'),
  })

  const auditCounter = createAuditCounter((entry) => store.audit(entry))
  const flushing = startLoop({
    tick: async () => {
      await auditCounter.flush()
      return false
    },
    idleMs: flushMs,
    onError: (error) => log.error({ err: error }, 'audit counts not written'),
  })
  app.decorate('auditCounter', auditCounter)
  const watchProxy = createProxyWatch({ clock, auditCounter }, isWithin(config.trustedProxies))
  app.addHook('onRequest', ({ socket, headers }, _reply, next) => {
    watchProxy(socket.remoteAddress, headers['x-forwarded-for'])
    next()
  })
  if (workers) {
    const masterKeys = masterKeysOf(config)
    const learn = async () => {
      const { memberId } = app
      if (await learnDataKeys({ store, keyring, clock, masterKeys, memberId })) {
        log.info('a new data key is in hand')
      }
      return false
    }
    let learning: Loop | undefined
    app.addHook('onReady', async () => {
      // A `rekey` waits for members alone: what it made before we were one is learned before anybody calls.
      await learn()
      learning = startLoop({
        tick: learn,
        idleMs: learnMs,
        onError: (error) => log.error({ err: error }, 'new data key not in hand'),
      })
    })
    app.addHook('onClose', () => learning?.stop())
  }
  app.addHook('onClose', () => flushing.stop({ atLast: true }))
}
export default fp(plugin, { name: 'auth', fastify: '5.x', dependencies: ['db'] })
