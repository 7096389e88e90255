import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
  }
}

/** What Prometheus counts: requests and calls, as they are answered. */
const plugin: FastifyPluginCallback<MetricsOptions> = (app, options, done) => {
  const metrics = createMetrics(options)
  app.decorate('metrics', metrics)

  app.addHook('onResponse', (request, reply, next) => {
    const { statusCode: status } = reply
    const route = request.routeOptions.url ?? 'none'
    metrics.answered({ method: request.method, route, status })
    const { method, isAdmitted } = request.openCall
    if (method !== undefined && isAdmitted) {
      const outcome = status < 400 ? 'ok' : (request.refusedWith?.excType ?? 'InternalError')
      metrics.called({ method, outcome, durationMs: reply.elapsedTime })
    }
    next()
  })
  done()
}
export default fp(plugin, { name: 'metrics', fastify: '5.x' })
