import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import { startLoop, type Loop } from '../loop.ts'
import { masterKeysOf, unlockInstance } from './instance.ts'
import type { Keyring } from './keyring.ts'
import { learnDataKeys } from './rekey.ts'

declare module 'fastify' {
  interface FastifyInstance {
    keyring: Keyring
  }
}

const learnMs = 1_000

interface Options {
  config: Config
  workers: boolean
}

/**
 * Unlocks the installation's keys; a database of another mode or master key stops the start here. What `rekey` makes meanwhile
 * is learned.
 */
const plugin: FastifyPluginAsync<Options> = async (app, { config, workers }) => {
  const log = app.log.child({ room: 'vault' })
  const { store, clock } = app
  const keyring = await unlockInstance(store, { config, clock })
  app.decorate('keyring', keyring)
  if (!workers) return

  const masterKeys = masterKeysOf(config)
  const learn = async () => {
    const { memberId } = app
    if (await learnDataKeys({ store, keyring, clock, masterKeys, memberId })) {
      log.info('a new data key is in hand')
    }
    return false
  }
  let learning: Loop | undefined
  app.addHook('onReady', async () => {
    // A `rekey` waits for members alone: what it made before we were one is learned before anybody calls.
    await learn()
    learning = startLoop({
      tick: learn,
      idleMs: learnMs,
      onError: (error) => log.error({ err: error }, 'new data key not in hand'),
    })
  })
  app.addHook('onClose', () => learning?.stop())
}
export default fp(plugin, { name: 'vault', fastify: '5.x', dependencies: ['db'] })
