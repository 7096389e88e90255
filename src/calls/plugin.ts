import type { FastifyPluginCallback, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import { createCallLog, type CallLog, type OpenCall } from './call-log.ts'

declare module 'fastify' {
  interface FastifyInstance {
    callLog: CallLog
  }
  interface FastifyRequest {
    /** What is known of this call so far. */
    openCall: OpenCall
  }
}

const flushMs = 1_000

/** Puts each request's id into its answer's header, and keeps what callers with a key asked. */
const plugin: FastifyPluginCallback = (app, _options, done) => {
  const { store, clock } = app
  const callLog = createCallLog({
    clock,
    write: (calls) => store.addCalls(calls),
    count: (calls) => store.countCalls(calls),
  })
  app.decorate('callLog', callLog)
  app.decorateRequest('openCall')

  // In callbacks, as all hooks that every request meets: a promise for each would be half of their cost.
  app.addHook('onRequest', (request, reply, next) => {
    request.openCall = { id: request.id, at: clock.now(), bridge: [] }
    void reply.header('x-request-id', request.id)
    next()
  })
  // After the body: its bytes arrive outside of the context that `onRequest` runs in.
  app.addHook('preHandler', (request: FastifyRequest, _reply, next) => {
    callLog.follow(request.openCall, next)
  })
  app.addHook('onResponse', (request, reply, next) => {
    callLog.end(request.openCall, { status: reply.statusCode, refused: request.refusedWith })
    next()
  })

  const flushing = startLoop({
    async tick() {
      await callLog.flush()
      return false
    },
    idleMs: flushMs,
    onError: (error) => app.log.error({ room: 'calls', err: error }, 'calls not stored'),
  })
  app.addHook('onClose', () => flushing.stop({ atLast: true }))
  done()
}
export default fp(plugin, { name: 'calls', fastify: '5.x', dependencies: ['db'] })
