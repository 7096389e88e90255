import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { ConfigError, type Config } from '../config.ts'
import { startLoop, type Loop } from '../loop.ts'
import { masterKeysOf } from './master-keys.ts'
import { unlockInstance } from './unlock.ts'
import type { Keyring } from './keyring.ts'
import { learnDataKeys } from './rekey.ts'

declare module 'fastify' {
  interface FastifyInstance {
    keyring: Keyring
  }
}

const learnMs = 1_000

const unaware =
  'a rekey runs with a master key that this server does not have: restart it with both'

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
  let isUnaware = false
  const learn = async () => {
    const { memberId } = app
    if (await learnDataKeys({ store, keyring, clock, masterKeys, memberId })) {
      log.info('a new data key is in hand')
    }
    isUnaware = false
    return false
  }
  /** A `rekey` that we keep from its end is refused within seconds, and says what to do: nothing of ours is broken. */
  const onError = (error: unknown): void => {
    if (!(error instanceof ConfigError)) {
      return log.error({ err: error }, 'new data key not in hand')
    }
    if (!isUnaware) log.warn(unaware)
    isUnaware = true
  }
  let learning: Loop | undefined
  app.addHook('onReady', async () => {
    // A `rekey` waits for members alone: what it made before we were one is learned before anybody calls.
    await learn()
    learning = startLoop({ tick: learn, idleMs: learnMs, onError })
  })
  app.addHook('onClose', () => learning?.stop())
}
export default fp(plugin, { name: 'vault', fastify: '5.x', dependencies: ['db'] })
