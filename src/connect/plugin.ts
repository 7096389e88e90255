import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { startLoop } from '../loop.ts'
import type { RenewalDeps } from './renewal.ts'
import type { SettleDeps } from './settle.ts'
import { createCallbackVerifier, expireRequests } from './callback-verifier.ts'

declare module 'fastify' {
  interface FastifyInstance {
    settleDeps: SettleDeps
    renewalDeps: RenewalDeps
  }
}

const idleMs = 15_000

interface Options {
  workers: boolean
  publicUrl: string
  /** Whether a new item fails for a user without an address: there is no DEFAULT_USER_EMAIL. */
  needsAddresses: boolean
}

/** What ends connect requests and opens renewals: shared by the callback and, when `workers` are on, by a loop for what it left behind. */
const plugin: FastifyPluginCallback<Options> = (
  app,
  { workers, publicUrl, needsAddresses },
  done,
) => {
  const log = app.log.child({ room: 'connect' })
  const { store, bridge, reference, clock, ids, keyring, isClockInDoubt, bridgeTime } = app
  app.decorate('settleDeps', {
    store,
    bridge,
    reference,
    clock,
    ids,
    keyring,
    publicUrl,
    isClockInDoubt,
    bridgeTime,
    log,
  })
  app.decorate('renewalDeps', { store, bridge, clock, ids, keyring, publicUrl, log })
  if (workers) {
    const verifyCallbacks = createCallbackVerifier(app.settleDeps, app.memberId)
    const expire = app.leader.only(() => expireRequests(app.settleDeps))
    const loop = startLoop({
      after: app.lifecycle.begun,
      tick: app.heartbeats.watch('connect', async (stopping: AbortSignal) => {
        const moreToExpire = await expire()
        if (app.membership.holdsLease()) await verifyCallbacks(stopping)
        return moreToExpire
      }),
      idleMs,
      onError: (error) => log.error({ err: error }, 'connect worker failed'),
    })
    app.addHook('onClose', () => loop.stop())
  }
  if (workers && needsAddresses) {
    app.addHook('onReady', async () => {
      const keys = await store.listKeysWithoutAddress(clock.now())
      if (keys.length > 0) log.warn({ keys: keys.length }, missingAddresses)
    })
  }
  done()
}
/** For the log at the start; the doctor names the keys. */
const missingAddresses =
  'DEFAULT_USER_EMAIL is not set: a new connection is refused when neither the call nor the user has an e-mail address'

export default fp(plugin, {
  name: 'connect',
  fastify: '5.x',
  dependencies: ['db', 'bridge', 'vault', 'cluster'],
})
