import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import type { Settling } from './settle.ts'
import { tickConnect } from './worker.ts'

declare module 'fastify' {
  interface FastifyInstance {
    settling: Settling
  }
}

const idleMs = 15_000

/** What ends connect requests: shared by the callback and, when `workers` are on, by a loop for what it left behind. */
const plugin: FastifyPluginCallback<{ workers: boolean }> = (app, { workers }, done) => {
  const log = app.log.child({ room: 'connect' })
  const { store, bridge, reference, clock, ids, keyring } = app
  app.decorate('settling', { store, bridge, reference, clock, ids, keyring, log })
  if (workers) {
    const loop = startLoop({
      tick: app.heartbeats.watch('connect', () => tickConnect(app.settling)),
      idleMs,
      onError: (error) => log.error({ err: error }, 'connect worker failed'),
    })
    app.addHook('onClose', () => loop.stop())
  }
  done()
}
export default fp(plugin, {
  name: 'connect',
  fastify: '5.x',
  dependencies: ['db', 'bridge', 'auth'],
})
