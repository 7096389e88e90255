import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import type { Removal } from '../db/ports/removals.ts'
import { isTransient } from '../errors.ts'
import { startLoop } from '../loop.ts'
import { finish } from './erase.ts'

/** How soon a deletion is noticed that a command ordered, and after how long one that failed is gone on with. */
const lookMs = 1_000
const restMs = 30_000

/** Carries deletions out, whose calls take their turn as any other's. */
const plugin: FastifyPluginCallback<{ workers: boolean }> = (app, { workers }, done) => {
  if (workers) {
    const log = app.log.child({ room: 'erasure' })
    const { store, clock, ids, steadyClock, bridge } = app
    const stopping = new AbortController()
    const restsUntil = new Map<string, number>()
    const carryOut = async (removal: Removal): Promise<void> => {
      const payer = { tenant: removal.tenantId, site: '' }
      const within = bridge.within(stopping.signal, payer)
      try {
        await finish({ store, clock, ids, bridge: within, signal: stopping.signal }, removal)
        restsUntil.delete(removal.id)
        log.info({ removal: removal.id, kind: removal.kind }, 'deleted')
      } catch (error) {
        if (stopping.signal.aborted) return
        if (isTransient(error)) throw error // the database is away: from all of them
        restsUntil.set(removal.id, steadyClock.now() + restMs)
        log.warn({ err: error, removal: removal.id }, 'a deletion rests')
      }
    }
    const loop = startLoop({
      after: app.lifecycle.begun,
      tick: app.leader.only(async () => {
        for (const removal of await store.listOpenRemovals()) {
          if (stopping.signal.aborted) break
          const rests = steadyClock.now() < (restsUntil.get(removal.id) ?? 0)
          if (!rests) await carryOut(removal)
        }
        return false
      }),
      idleMs: lookMs,
      onError: (error) => log.warn({ err: error }, 'deletions rest'),
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
  dependencies: ['db', 'bridge', 'cluster'],
})
