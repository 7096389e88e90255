import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { LimitName } from '../errors.ts'
import { startLoop } from '../loop.ts'
import { createDailyLimiter, createLimiter, tenantLimits, type Limits } from './limits.ts'
import { isWithin } from '../networks.ts'
import { createAuditCounter, type AuditCounter } from '../audit/counter.ts'
import { createProxyWatch } from './proxy-watch.ts'

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
    auditCounter: AuditCounter
  }
}

const flushMs = 10_000

/** How often browsers of one network may come back from Bridge in a minute: an office may share its address. */
const callbacksPerMinute = 60

/** How often who may ask: counted by key, address, site and tenant. What is refused too often goes to the audit in sums. */
const plugin: FastifyPluginCallback<{ config: Config }> = (app, { config }, done) => {
  const log = app.log.child({ room: 'auth' })
  const { store, clock, steadyClock } = app
  // Asked by the time of a call: then this server has joined the others.
  const shared = { clock: steadyClock, among: () => app.membership.living() }
  const ofMinute = (perMinute: number, limit: LimitName) =>
    createLimiter({ ...shared, perMinute, limit })
  const ofDay = (perDay: number, limit: LimitName) =>
    createDailyLimiter({ ...shared, perDay, limit })
  app.decorate('limits', {
    keys: ofMinute(config.limits.perKey, 'key'),
    unauthenticated: ofMinute(config.limits.perAddress, 'address'),
    callbacks: ofMinute(callbacksPerMinute, 'callbacks'),
    links: {
      tenants: ofDay(tenantLimits.linksPerTenant, 'tenant_links'),
      sites: ofDay(tenantLimits.linksPerSite, 'site_links'),
    },
    webhookUrls: ofDay(tenantLimits.webhookUrlsPerSite, 'site_webhook_urls'),
    siteKeys: ofDay(tenantLimits.siteKeysPerTenant, 'tenant_site_keys'),
    siteActs: ofDay(tenantLimits.actsPerSite, 'site_acts'),
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
  app.addHook('onClose', () => flushing.stop({ atLast: true }))
  done()
}
export default fp(plugin, { name: 'auth', fastify: '5.x', dependencies: ['db'] })
