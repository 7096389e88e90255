import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import { finish } from './remove.ts'
import { tickRetention, type Retention } from './retention.ts'

const idleMs = 60 * 60_000

/** How soon a deletion is noticed that a command ordered, and after how long one that failed is gone on with. */
const lookMs = 1_000
const restMs = 30_000

/** Forgets, once an hour, what is past its time; and carries deletions out, whose calls take their turn as any other's. */
const plugin: FastifyPluginCallback<{ workers: boolean; retention: Retention }> = (
  app,
  { workers, retention },
  done,
) => {
  if (workers) {
    const log = app.log.child({ room: 'removal' })
    const { store, clock, ids, steadyClock, bridge, bridgeTime, isClockInDoubt } = app
    const stopping = new AbortController()
    const loop = startLoop({
      async tick() {
        // What is forgotten does not come back: without a word of Bridge's about the time there is none to go by.
        if (bridgeTime.aheadMs() === undefined) await bridge.probe(stopping.signal).catch(() => {})
        if (bridgeTime.aheadMs() === undefined) return false
        if (isClockInDoubt()) log.warn('nothing is forgotten: the clock is in doubt')
        return tickRetention({ store, clock, isClockInDoubt, retention })
      },
      idleMs,
      onError: (error) => log.error({ err: error }, 'retention failed'),
    })
    let restUntil = 0
    const removing = startLoop({
      async tick() {
        if (steadyClock.now() < restUntil) return false
        for (const removal of await store.listOpenRemovals()) {
          const payer = { tenant: removal.tenantId, site: '' }
          const within = bridge.within(stopping.signal, payer)
          await finish({ store, clock, ids, bridge: within }, removal)
          log.info({ removal: removal.id, kind: removal.kind }, 'deleted')
        }
        return false
      },
      idleMs: lookMs,
      onError(error) {
        restUntil = steadyClock.now() + restMs
        if (!stopping.signal.aborted) log.warn({ err: error }, 'a deletion rests')
      },
    })
    app.addHook('onClose', async () => {
      stopping.abort()
      await Promise.all([loop.stop(), removing.stop()])
    })
  }
  done()
}
export default fp(plugin, {
  name: 'removal',
  fastify: '5.x',
  dependencies: ['db', 'auth', 'bridge'],
})
