import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import { finish } from './erase.ts'

/** How soon a deletion is noticed that a command ordered, and after how long one that failed is gone on with. */
const lookMs = 1_000
const restMs = 30_000

/** Carries deletions out, whose calls take their turn as any other's. */
const plugin: FastifyPluginCallback<{ workers: boolean }> = (app, { workers }, done) => {
  if (workers) {
    const log = app.log.child({ room: 'removal' })
    const { store, clock, ids, steadyClock, bridge } = app
    const stopping = new AbortController()
    let restUntil = 0
    const loop = startLoop({
      tick: app.leader.only(async () => {
        if (steadyClock.now() < restUntil) return false
        for (const removal of await store.listOpenRemovals()) {
          const payer = { tenant: removal.tenantId, site: '' }
          const within = bridge.within(stopping.signal, payer)
          await finish({ store, clock, ids, bridge: within, signal: stopping.signal }, removal)
          log.info({ removal: removal.id, kind: removal.kind }, 'deleted')
        }
        return false
      }),
      idleMs: lookMs,
      onError(error) {
        restUntil = steadyClock.now() + restMs
        if (!stopping.signal.aborted) log.warn({ err: error }, 'a deletion rests')
      },
    })
    app.addHook('onClose', async () => {
      stopping.abort()
      await loop.stop()
    })
  }
  done()
}
export default fp(plugin, {
  name: 'erasure',
  fastify: '5.x',
  dependencies: ['db', 'auth', 'bridge', 'cluster'],
})
