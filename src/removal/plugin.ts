import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import { tickRetention, type Retention } from './retention.ts'

const idleMs = 60 * 60_000

/** Forgets, once an hour, what is past its time. */
const plugin: FastifyPluginCallback<{ workers: boolean; retention: Retention }> = (
  app,
  { workers, retention },
  done,
) => {
  if (workers) {
    const log = app.log.child({ room: 'removal' })
    const { store, clock, clockWatch } = app
    const loop = startLoop({
      tick: () => tickRetention({ store, clock, clockWatch, retention }),
      idleMs,
      onError: (error) => log.error({ err: error }, 'retention failed'),
    })
    app.addHook('onClose', () => loop.stop())
  }
  done()
}
export default fp(plugin, { name: 'removal', fastify: '5.x', dependencies: ['db', 'auth'] })
