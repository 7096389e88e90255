import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import { sentenceOf } from '../terminal/system-errors.ts'
import type { SignerOf } from '../db/signer.ts'
import { minuteMs } from '../durations.ts'
import { copyInThread } from './copy-in-thread.ts'
import { newestCopy } from './folder.ts'
import { scheduleCopies } from './scheduled.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The copies of the database, where it is a file of this server's. */
    copies?: {
      /** Whether the server makes them; else they are somebody else's affair. */
      areMade: boolean
      /** When the newest was made, by whomever. */
      newestAt(now: number): Promise<number | undefined>
      /** Why the last one failed; undefined when it did not. */
      failure(): string | undefined
    }
  }
}

const lookMs = minuteMs

/** Copies the database every so often, in a thread of its own. Off when `everyMs` is 0. */
const plugin: FastifyPluginCallback<{
  database: string
  signerOf: SignerOf
  dir: string
  everyMs: number
  keep: number
}> = (app, { database, signerOf, ...schedule }, done) => {
  const log = app.log.child({ room: 'backup' })
  const { tick, failure } = scheduleCopies({
    ...schedule,
    clock: app.clock,
    log,
    async copy(to) {
      const { wrappedPepper } = (await app.store.readInstance())!
      return copyInThread({ from: database, to, signer: signerOf(wrappedPepper) })
    },
  })
  app.decorate('copies', {
    areMade: schedule.everyMs > 0,
    newestAt: async (now: number) => (await newestCopy(schedule.dir, now))?.at,
    failure() {
      const error = failure()
      return error === undefined ? undefined : (sentenceOf(error) ?? (error as Error).message)
    },
  })
  const loop = startLoop({
    after: app.lifecycle.begun,
    tick: app.leader.only(tick),
    idleMs: lookMs,
    onError: (error) => log.error({ err: error }, 'the database was not copied'),
  })
  app.addHook('onClose', () => loop.stop())
  done()
}
export default fp(plugin, {
  name: 'backup',
  fastify: '5.x',
  dependencies: ['db', 'cluster'],
})
