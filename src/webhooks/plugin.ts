import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { hourOf } from '../durations.ts'
import { tryMs } from '../db/rules/delivery-claims.ts'
import { startLoop } from '../loop.ts'
import { tickHandler, type HandlerDeps } from './inbox/handler.ts'
import { createRefusalWatch, type RefusalWatch } from './inbox/refused-webhooks.ts'
import { createRelay, type Relay, type RelayDeps } from './relay/relay.ts'
import { createSender } from './relay/sender.ts'
import { checkTarget, TargetRefusedError } from './relay/target-guard.ts'

declare module 'fastify' {
  interface FastifyInstance {
    refusedWebhooks: RefusalWatch
    relay: {
      /**
       * Refuses a webhook URL that we would not dial, and counts that in the audit of whoever asks. `siteId` may have opened
       * more. Throws TargetRefusedError.
       */
      checkTarget(url: string, siteId?: string, asking?: TargetAsking): Promise<void>
      /** As the relay's, for whoever waits. False where nothing is relayed, too. */
      tryNow: Relay['tryNow']
    }
  }
}

/** Who wants to save a target, in the audit's words. */
interface TargetAsking {
  tenantId: string
  actor: string
  /** The site's name, as far as it has one. */
  subject: string
}

interface WebhooksOptions {
  /** Background work: what was received is handled and relayed. */
  workers: boolean
  /** Our own address, where no webhook goes. */
  publicUrl: string
  openedTo: RelayDeps['openedTo']
  /** Ends the connect request a refreshed item belongs to; it lives in a room this one does not know. */
  onRefreshed: HandlerDeps['onRefreshed']
}

/** How soon work shows that nobody woke us for: what the CLI queued, what fell due. Milliseconds. */
const idleMs = 500

/** How often we look whether what was refused is Bridge's. Strangers cannot make it more often. */
const refusalsMs = 10_000

/** The relay and the handler of what Bridge posted. Registered after all that it uses, so that it drains before they close. */
const plugin: FastifyPluginCallback<WebhooksOptions> = (app, options, done) => {
  const { store, keyring, clock, clockWatch, ids, auditCounter, memberId } = app
  const { membership, lifecycle } = app
  const log = app.log.child({ room: 'webhooks' })
  const { openedTo } = options

  app.decorate('refusedWebhooks', createRefusalWatch(app))
  app.decorate('relay', {
    async checkTarget(url: string, siteId?: string, asking?: TargetAsking) {
      const ofSite = siteId === undefined ? [] : (await store.readEndpoint(siteId)).allowedTargets
      try {
        const bounds = { opened: openedTo(ofSite), own: options.publicUrl }
        await checkTarget(url, { ...bounds, tenant: asking?.tenantId })
      } catch (error) {
        if (error instanceof TargetRefusedError && asking) {
          const at = clock.now()
          auditCounter.count({ at, ...asking, action: 'target.refused', bucket: hourOf(at) })
        }
        throw error
      }
    },
    tryNow: async () => false,
  })

  if (options.workers) {
    const sender = createSender({ own: options.publicUrl })
    const relaying = {
      store,
      memberId,
      keyring,
      clock,
      clockWatch,
      ids,
      auditCounter,
      sender,
      log,
      openedTo,
      observe: app.metrics,
    }
    const relay = createRelay(relaying, { onSettled: () => relayLoop.nudge() })
    app.relay.tryNow = relay.tryNow
    const handling = { store, memberId, keyring, clock, log, onRefreshed: options.onRefreshed }
    const failed = (work: string) => (error: unknown) =>
      log.error({ err: error, work }, 'webhook worker failed')
    const handle = app.heartbeats.watch(
      'webhook handler',
      async (stopping: AbortSignal) =>
        membership.holdsLease() && (await tickHandler(handling, stopping)),
    )
    const recover = app.leader.only(() => relay.recover())
    const pump = app.heartbeats.watch('webhook relay', async () => {
      if (!membership.holdsLease()) return false
      const hasRecovered = await recover()
      return (await relay.pump()) || hasRecovered
    })
    const { begun: after } = lifecycle
    const handlerLoop = startLoop({ tick: handle, idleMs, onError: failed('handler'), after })
    const relayLoop = startLoop({ tick: pump, idleMs, onError: failed('relay'), after })
    const refusals = startLoop({
      tick: app.refusedWebhooks.look,
      idleMs: refusalsMs,
      onError: failed('refusals'),
      after,
    })
    app.wakeups.on('events', handlerLoop.nudge)
    app.wakeups.on('deliveries', relayLoop.nudge)
    app.addHook('onClose', async () => {
      await Promise.all([handlerLoop.stop(), relayLoop.stop(), refusals.stop()])
      // Each may take its time: a site that gets one cut off gets it again from the next server.
      await relay.drain(Math.min(tryMs, lifecycle.leftMs()))
      await sender.close()
    })
  }
  done()
}
export default fp(plugin, {
  name: 'webhooks',
  fastify: '5.x',
  dependencies: ['db', 'metrics', 'auth', 'vault', 'cluster'],
})
