import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import type { Dispatcher } from 'undici'
import type { Clock, ClockWatch } from '../clock.ts'
import type { Config } from '../config.ts'
import { dispatcherTo } from './transport/dispatcher.ts'
import { startLoop } from '../loop.ts'
import { createBreaker } from './admission/breaker.ts'
import { createBridgeTime, createClockDoubt, type BridgeTime } from './session/bridge-time.ts'
import { createBridgeClient, type BridgeClient } from './client.ts'
import type { BridgeOptions } from './options.ts'
import { createCredentialsWatch } from './session/credentials-watch.ts'
import type { Lender } from './admission/lent-permits.ts'
import { createQuota, type QuotaLimits } from './admission/quota.ts'
import { createReferenceData, type ReferenceData } from './reference-data.ts'
import type { BridgeStatus } from './admission/bridge-status.ts'

declare module 'fastify' {
  interface FastifyInstance {
    bridge: BridgeClient
    reference: ReferenceData
    bridgeTime: BridgeTime
    /** Whether nothing may be decided by age that cannot be taken back. */
    isClockInDoubt: () => boolean
    /** How we stand with Bridge, for metrics and the CLI. Never rejects. */
    bridgeStatus: () => Promise<BridgeStatus>
  }
}

interface Options extends Omit<
  BridgeOptions,
  'dispatcher' | 'quota' | 'breaker' | 'credentials' | 'time'
> {
  dispatcher?: Dispatcher | undefined
  /** By which a dispatcher of its own goes. */
  proxy: Config['secrets']['proxy']
  /** Called once, when Bridge first takes our credentials. */
  onProven?: (() => void) | undefined
  /** Nobody sets it: what is spent, and for how long Bridge is left alone, follows this one. */
  steady: Clock
  clockWatch: Pick<ClockWatch, 'sinceForward'>
  limits?: Partial<QuotaLimits>
  /** What was left of the quota before a restart. */
  saved?: { available: number; at: number } | undefined
  /** Where others spend of the same quota, and by the same clock. */
  lender?: Omit<Lender, 'onError'> | undefined
  /** Whether to look for Bridge by ourselves while it is down. */
  workers: boolean
}

const lookMs = 1_000

/** Builds the Bridge client. Without a dispatcher it makes one of its own and closes it. */
const plugin: FastifyPluginCallback<Options> = (app, options, done) => {
  const {
    clock,
    steady,
    clockWatch,
    limits = {},
    saved,
    lender,
    workers,
    proxy,
    onProven,
    ...rest
  } = options
  const log = app.log.child({ room: 'bridge' })
  const quota = createQuota({
    clock: lender ? clock : steady,
    limits,
    saved,
    lender: lender && {
      ...lender,
      onError: (error) => log.warn({ err: error }, "nothing of Bridge's quota could be lent"),
    },
  })
  const breaker = createBreaker({
    clock: steady,
    onChange: ({ open, since, nextTryAt }) => {
      if (open) log.error({ since, nextTryAt }, 'Bridge is down: calls are refused at once')
      else log.warn('Bridge is back')
    },
  })
  const credentials = createCredentialsWatch({
    clock,
    onRefused: ({ route }, status) =>
      log.fatal(
        { route, status },
        'BRIDGE REFUSES OUR CREDENTIALS: check BRIDGE_CLIENT_ID, BRIDGE_CLIENT_SECRET and the addresses allowed in its dashboard',
      ),
    onAccepted: () => log.warn('Bridge takes our credentials again'),
    onProven,
  })

  const time = createBridgeTime({ clock, steady })
  const isClockInDoubt = createClockDoubt(clockWatch, time)

  const own = options.dispatcher ? undefined : dispatcherTo(options.baseUrl, proxy, 32)
  const dispatcher = options.dispatcher ?? own!
  const bridge = createBridgeClient({
    ...rest,
    clock: steady,
    quota,
    breaker,
    dispatcher,
    credentials,
    time,
  })
  app.decorate('bridge', bridge)
  app.decorate('reference', createReferenceData(bridge, clock, steady))
  app.decorate('bridgeTime', time)
  app.decorate('isClockInDoubt', isClockInDoubt)
  app.decorate('bridgeStatus', async () => {
    await quota.refresh()
    return {
      quota: quota.state(),
      breaker: breaker.state(),
      credentials: credentials.state(),
      clockInDoubt: isClockInDoubt(),
    }
  })
  const looking =
    workers &&
    startLoop({
      async tick() {
        if (breaker.isProbeDue()) await bridge.probe().catch(() => {}) // the breaker has heard
        return false
      },
      idleMs: lookMs,
      onError: (error) => log.error({ err: error }, 'the look for Bridge failed'),
    })
  app.addHook('onClose', async () => {
    await quota.close()
    if (looking) await looking.stop()
    await own?.close()
  })
  done()
}
export default fp(plugin, { name: 'bridge', fastify: '5.x' })
