import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { createHeartbeats, type Heartbeats } from '../cluster/heartbeats.ts'
import { monotonicClock } from '../clock.ts'
import type { Lifecycle } from '../cluster/readiness.ts'
import { createMetrics, type Metrics } from './metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
    heartbeats: Heartbeats
    lifecycle: Lifecycle
  }
}

/** What tells how the server fares: counters, signs of life of its loops, and whether it is stopping. */
const plugin: FastifyPluginCallback<{ version: string }> = (app, { version }, done) => {
  const metrics = createMetrics(version)
  const lifecycle: Lifecycle = { stopping: false }
  app.decorate('metrics', metrics)
  app.decorate('heartbeats', createHeartbeats(monotonicClock))
  app.decorate('lifecycle', lifecycle)

  // A client that keeps its connection would meet a closed one: it is told to open another, elsewhere by then.
  app.addHook('onSend', (_request, reply, _payload, next) => {
    if (lifecycle.stopping) void reply.header('connection', 'close')
    next()
  })
  app.addHook('onResponse', (request, reply, next) => {
    const { statusCode: status } = reply
    const route = request.routeOptions.url ?? 'none'
    metrics.answered({ method: request.method, route, status })
    const { method, apiKey } = request.openCall
    if (method !== undefined && apiKey !== undefined) {
      const outcome = status < 400 ? 'ok' : (request.refusedWith ?? 'InternalError')
      metrics.called({ method, outcome, durationMs: reply.elapsedTime })
    }
    next()
  })
  done()
}
export default fp(plugin, { name: 'metrics', fastify: '5.x' })
