import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import { logAudit } from './log-audit.ts'

const lookMs = 1_000

/** Repeats the audit in the log, so that it can be kept apart from the machine: what commands wrote, too. */
const plugin: FastifyPluginCallback = (app, _options, done) => {
  const log = app.log.child({ room: 'audit' })
  const tick = app.leader.only(() => logAudit({ store: app.store, log }))
  const loop = startLoop({
    tick,
    idleMs: lookMs,
    onError: (error) => log.error({ err: error }, 'audit not logged'),
  })
  app.addHook('onClose', () => loop.stop({ atLast: true }))
  done()
}
export default fp(plugin, { name: 'audit', fastify: '5.x', dependencies: ['db', 'cluster'] })
