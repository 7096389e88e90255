import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { monotonicClock, systemClock } from '../clock.ts'
import { createHeartbeats, type Heartbeats } from './heartbeats.ts'
import { soleLeader, type Leader } from './leader.ts'
import { joinMembers, type ProcessIdentity } from './members.ts'
import type { Lifecycle } from './readiness.ts'
import { createWakeups, type Wakeups } from './wakeups.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Names this process among those that serve the database. */
    memberId: string
    leader: Leader
    wakeups: Wakeups
    heartbeats: Heartbeats
    lifecycle: Lifecycle
  }
}

interface Options {
  /** Given by a server process: makes it a member of those that serve the database, or stops the start. */
  identity?: ProcessIdentity | undefined
  /** Called once, when another server took the database. */
  onLost?: (() => void) | undefined
  /** Instead of one that always leads. */
  leader?: Leader | undefined
}

/** What a process is among those that serve the database: a member that lives, with work that goes on, until it stops. */
const plugin: FastifyPluginAsync<Options> = async (
  app,
  { identity, onLost = () => {}, leader = soleLeader },
) => {
  const { store, ids } = app
  const lifecycle: Lifecycle = { stopping: false }
  app.decorate('lifecycle', lifecycle)
  app.decorate('leader', leader)
  app.decorate('wakeups', createWakeups())
  app.decorate('heartbeats', createHeartbeats(monotonicClock))

  // A client that keeps its connection would meet a closed one: it is told to open another, elsewhere by then.
  app.addHook('onSend', (_request, reply, _payload, next) => {
    if (lifecycle.stopping) void reply.header('connection', 'close')
    next()
  })

  if (!identity) {
    app.decorate('memberId', 'alone')
    return
  }
  const id = ids.next('srv')
  app.decorate('memberId', id)
  const membership = await joinMembers(store, { id, identity, clock: systemClock, onLost })
  app.addHook('onClose', () => membership.stop())
}
export default fp(plugin, { name: 'cluster', fastify: '5.x', dependencies: ['db', 'auth'] })
