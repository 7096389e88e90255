import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Finding } from '../doctor/finding.ts'
import { minuteMs } from '../durations.ts'
import { startLoop } from '../loop.ts'
import { createDatabaseWatch } from './database-watch.ts'
import { createAlertCheck } from './check.ts'
import { createAlertSender } from './sender.ts'
import { problemsIn } from './problems.ts'

interface AlertOptions {
  config: Config
  /** Looks at the installation as doctor does. */
  examine: () => Promise<Finding[]>
  /** Names this server's process, where several share a database. */
  name?: string | undefined
}

/** Two looks, which must agree, and what they take are less than five minutes. By the clock, which a sandbox's lever moves. */
const lookEveryMs = 2 * minuteMs
const tickMs = 1_000

/** Looks at the installation as doctor does, and tells the operator's own addresses. Off while neither is given. */
const plugin: FastifyPluginCallback<AlertOptions> = (app, options, done) => {
  const { config, examine, name = 'a server' } = options
  const { alertUrl, healthcheckUrl } = config.secrets
  if (alertUrl === undefined && healthcheckUrl === undefined) return done()
  const log = app.log.child({ room: 'alerts' })
  const { store, clock } = app
  const stopping = new AbortController()
  const where = new URL(config.publicUrl).host
  const sender = createAlertSender(config, stopping.signal)
  const check = createAlertCheck({
    store,
    clock,
    where,
    sender,
    log,
    stopping: stopping.signal,
    find: async () =>
      problemsIn(await examine(), {
        bridge: await app.bridgeStatus(),
        copyFailure: app.copies?.failure(),
      }),
  })
  const paced = (tick: () => Promise<boolean>) => {
    let dueAt = 0
    return async () => {
      const now = app.steadyClock.now()
      if (now < dueAt) return false
      dueAt = now + lookEveryMs
      return tick()
    }
  }
  const isAway = (): boolean => !app.membership.holdsLease()
  const loop = startLoop({
    after: app.lifecycle.begun,
    tick: app.leader.only(paced(check)),
    idleMs: tickMs,
    onError(error) {
      if (stopping.signal.aborted) return
      log.error({ err: error }, 'the installation was not looked at')
    },
  })
  const watch = startLoop({
    tick: paced(createDatabaseWatch({ isAway, name, where, sender })),
    idleMs: tickMs,
    onError(error) {
      if (stopping.signal.aborted) return
      log.warn({ why: (error as Error).message }, 'an alert was not taken')
    },
  })
  app.addHook('onClose', async () => {
    stopping.abort()
    await Promise.all([loop.stop(), watch.stop()])
  })
  done()
}
export default fp(plugin, {
  name: 'alerts',
  fastify: '5.x',
  dependencies: ['db', 'cluster', 'bridge'],
})
