import { EventEmitter } from 'node:events'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { monotonicClock, systemClock, type FollowingClock } from '../clock.ts'
import { waitUntilAlone } from './wait-until-alone.ts'
import { createHeartbeats, type Heartbeats } from './heartbeats.ts'
import { createLeader, soleLeader, type Leader } from './leader.ts'
import { takeDatabase, type ProcessIdentity } from './single-server.ts'
import { joinOthers, onlyMember, type Membership } from './members.ts'
import type { Lifecycle } from './readiness.ts'
import type { Wakeups } from './wakeups.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Names this process among those that serve the database. */
    memberId: string
    membership: Pick<Membership, 'living' | 'holdsLease'>
    leader: Leader
    wakeups: Wakeups
    heartbeats: Heartbeats
    lifecycle: Lifecycle
  }
}

interface Options {
  /** Given by a server process: makes it a member of those that serve the database, or stops the start. */
  identity?: ProcessIdentity | undefined
  /** Follows the database's clock, where members go by that. */
  time: FollowingClock
  /** Called once, when another server took the database that has place for one. */
  onLost?: (() => void) | undefined
  /** Whether it keeps what no other server can have part in: a sandbox in the box. */
  mustBeAlone?: boolean
  /** Instead of who leads, or of the only server. */
  leader?: Leader | undefined
}

/** What a process is among those that serve the database: a member that lives, with work that goes on, until it stops. */
const plugin: FastifyPluginAsync<Options> = async (
  app,
  { identity, time, onLost = () => {}, mustBeAlone = false, leader },
) => {
  const { store, ids } = app
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const lifecycle: Lifecycle = { stopping: false, leftMs: () => Number.POSITIVE_INFINITY, begun }
  app.addHook('onReady', async () => begin())
  const wakeups: Wakeups = new EventEmitter()
  app.decorate('lifecycle', lifecycle)
  app.decorate('wakeups', wakeups)
  app.decorate('heartbeats', createHeartbeats(monotonicClock))

  // A client that keeps its connection would meet a closed one: it is told to open another, elsewhere by then.
  app.addHook('onSend', (_request, reply, _payload, next) => {
    if (lifecycle.stopping) void reply.header('connection', 'close')
    next()
  })

  const id = identity ? ids.next('srv') : 'alone'
  app.decorate('memberId', id)
  if (identity && store.isShared) {
    const member = { id, host: identity.host, pid: identity.pid }
    const onLead = () => wakeups.emit('lead')
    const log = app.log.child({ room: 'cluster' })
    const membership = await joinOthers(store, { member, clock: time, onLead, log })
    app.addHook('onClose', () => membership.stop())
    if (mustBeAlone) {
      await waitUntilAlone(store, id).catch(async (error: unknown) => {
        await membership.stop()
        throw error
      })
    }
    app.decorate('membership', membership)
    app.decorate('leader', leader ?? createLeader(membership.leads))
    return
  }
  app.decorate('membership', onlyMember)
  app.decorate('leader', leader ?? soleLeader)
  if (identity) {
    const place = await takeDatabase(store, { id, identity, clock: systemClock, onLost })
    app.addHook('onClose', () => place.stop())
  }
}
export default fp(plugin, { name: 'cluster', fastify: '5.x', dependencies: ['db'] })
