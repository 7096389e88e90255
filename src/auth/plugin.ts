import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { Clock, Ids } from '../clock.ts'
import type { Config } from '../config.ts'
import { startLoop } from '../loop.ts'
import { unlockInstance } from './instance.ts'
import type { Keyring } from './keyring.ts'
import { createTally, type Tally } from './tally.ts'

declare module 'fastify' {
  interface FastifyInstance {
    clock: Clock
    ids: Ids
    keyring: Keyring
    tally: Tally
  }
}

const flushMs = 10_000

/** Unlocks the installation's keys; a database of another mode or master key stops the start here. */
const plugin: FastifyPluginAsync<{ config: Config; clock: Clock; ids: Ids }> = async (
  app,
  { config, clock, ids },
) => {
  const { store } = app
  app.decorate('clock', clock)
  app.decorate('ids', ids)
  app.decorate('keyring', await unlockInstance(store, { config, clock }))

  const tally = createTally((entry) => store.audit(entry))
  const flushing = startLoop({
    tick: async () => {
      await tally.flush()
      return false
    },
    idleMs: flushMs,
    onError: (error) => app.log.error({ err: error }, 'audit counts not written'),
  })
  app.decorate('tally', tally)
  app.addHook('onClose', async () => {
    await flushing.stop()
    await tally.flush()
  })
}
export default fp(plugin, { name: 'auth', fastify: '5.x', dependencies: ['db'] })
