import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import { createRetention, type Retention } from './retention.ts'
import { hourMs } from '../durations.ts'

const idleMs = hourMs

/** Forgets, once an hour, what is past its time. */
const plugin: FastifyPluginCallback<{ workers: boolean; retention: Retention }> = (
  app,
  { workers, retention },
  done,
) => {
  if (workers) {
    const log = app.log.child({ room: 'retention' })
    const { store, clock, bridge, bridgeTime, isClockInDoubt } = app
    const forget = createRetention({ store, clock, isClockInDoubt, retention })
    const stopping = new AbortController()
    const loop = startLoop({
      after: app.lifecycle.begun,
      tick: app.leader.only(async () => {
        // What is forgotten does not come back: without a word of Bridge's about the time there is none to go by.
        if (bridgeTime.aheadMs() === undefined) await bridge.probe(stopping.signal).catch(() => {})
        if (bridgeTime.aheadMs() === undefined) return false
        if (isClockInDoubt()) log.warn('nothing is forgotten: the clock is in doubt')
        return forget()
      }),
      idleMs,
      onError: (error) => log.error({ err: error }, 'retention failed'),
    })
    app.wakeups.on('lead', loop.nudge)
    app.addHook('onClose', async () => {
      stopping.abort()
      await loop.stop()
    })
  }
  done()
}
export default fp(plugin, {
  name: 'retention',
  fastify: '5.x',
  dependencies: ['db', 'bridge', 'cluster'],
})
