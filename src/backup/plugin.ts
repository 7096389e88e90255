import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import type { SignerOf } from '../db/signer.ts'
import { copyInThread } from './copy-in-thread.ts'
import { tickCopies } from './scheduled.ts'

const lookMs = 60_000

/** Copies the database every so often, in a thread of its own. Off when `everyMs` is 0. */
const plugin: FastifyPluginCallback<{
  database: string
  signerOf: SignerOf
  dir: string
  everyMs: number
  keep: number
}> = (app, { database, signerOf, ...schedule }, done) => {
  const log = app.log.child({ room: 'backup' })
  const loop = startLoop({
    tick: app.leader.only(() =>
      tickCopies({
        ...schedule,
        clock: app.clock,
        log,
        async copy(to) {
          const { wrappedPepper } = (await app.store.readInstance())!
          return copyInThread({ from: database, to, signer: signerOf(wrappedPepper) })
        },
      }),
    ),
    idleMs: lookMs,
    onError: (error) => log.error({ err: error }, 'the database was not copied'),
  })
  app.addHook('onClose', () => loop.stop())
  done()
}
export default fp(plugin, {
  name: 'backup',
  fastify: '5.x',
  dependencies: ['db', 'auth', 'cluster'],
})
