import type { Clock } from '../../clock.ts'
import type { LimitName } from '../../errors.ts'
import { BridgeQuotaError } from '../bridge-errors.ts'
import { createBucket, createWindows, type Bucket } from './rate-limits.ts'
import { createFairQueue } from './fair-queue.ts'

/** For whom a call is made. Those who wait are served by tenant, then by site, in turn. */
export interface Payer {
  tenant: string
  site: string
  /** Until when its calls may wait for their turn, epoch milliseconds: then the longest wait does not count. */
  waitsUntil?: number
}

/** Calls that nobody in particular asked for: reference data, probes. */
export const ourselves: Payer = { tenant: '', site: '' }

export interface QuotaLimits {
  /** How many calls may go out at once; a tenant may take half of them. */
  burst: number
  perSecond: number
  userPerMinute: number
  /** Access tokens, by Bridge user. */
  tokensPerMinute: number
  /** How long a call may wait for its turn. */
  longestWaitMs: number
}

/** How long a read of many pages may wait for its queue: what a call's time has left then suffices for the last page. */
export const longestReadWaitMs = 45_000

/** Below what Bridge allows an application: 2000 calls in 5 minutes, 60 a user and 10 tokens a user in a minute (Bridge: rate limits). */
export const defaultLimits: QuotaLimits = {
  burst: 400,
  perSecond: 5,
  userPerMinute: 60,
  tokensPerMinute: 10,
  longestWaitMs: 10_000,
}

/** What a call is counted against besides the application. */
export type Against = { kind: 'user' | 'token'; user: string } | undefined

export interface QuotaState {
  burst: number
  perSecond: number
  /** Calls that could go out now. */
  available: number
  waiting: number
  granted: number
  refused: number
  /** Only tenants that wait or have spent; the next in turn first. */
  tenants: { tenant: string; waiting: number; available: number }[]
}

export interface Quota {
  /**
   * Resolves when the call may go out. Rejects with BridgeQuotaError, at once, when its turn is further away than the
   * longest wait, and with the signal's reason when that ends it.
   */
  take(call: { payer: Payer; against: Against; signal?: AbortSignal | undefined }): Promise<void>
  /** Milliseconds until so many calls could have gone out, were nobody else to come; 0: now. */
  waitFor(call: { payer: Payer; against: Against }, calls: number): number
  /** Bridge itself answered 429 and said for how many seconds. */
  hold(against: Against, seconds: number): void
  /** Serves whoever is due. Runs by itself while somebody waits; tests call it. */
  tick(): void
  state(): QuotaState
  /** Ends the timer; whoever waits is refused. */
  close(): void
}

interface Waiting {
  path: readonly string[]
  deadline: number
  settle: PromiseWithResolvers<void>
}

const lookMs = 50

/**
 * What this process may spend of the application's quota, in memory: a token bucket served in queue. Several processes
 * each need a share of the limits. `saved` is the state before a restart, so that a crash loop spends no burst twice.
 */
export function createQuota({
  clock,
  limits: changed = {},
  saved,
  every = startTimer,
}: {
  clock: Clock
  limits?: Partial<QuotaLimits>
  saved?: { available: number; at: number } | undefined
  every?: (work: () => void, ms: number) => () => void
}): Quota {
  const limits = { ...defaultLimits, ...changed }
  const { burst, perSecond, longestWaitMs } = limits
  const app = createBucket({
    size: burst,
    perSecond,
    since: saved?.at ?? clock.now(),
    start: saved?.available ?? burst,
  })
  const share = Math.max(1, Math.floor(burst / 2))
  const tenants = new Map<string, Bucket>()
  const windows = {
    user: createWindows(limits.userPerMinute),
    token: createWindows(limits.tokensPerMinute),
  }
  const queue = createFairQueue<Waiting>()
  const arrived = new Set<Waiting>()
  const count = { granted: 0, refused: 0 }
  let stopTimer: (() => void) | undefined

  function bucketOf(tenant: string): Bucket {
    const bucket = tenants.get(tenant)
    if (bucket) return bucket
    const made = createBucket({ size: share, perSecond, since: clock.now() })
    tenants.set(tenant, made)
    return made
  }

  const windowsOf = (key: string) => (key.startsWith('token ') ? windows.token : windows.user)

  const waitOfKey = (key: string, ahead: number, now: number): number =>
    key === '' ? 0 : windowsOf(key).waitFor(key, ahead, now)

  /** What each limit alone would have so many calls of this path wait, in milliseconds. */
  function waitsOf(path: readonly string[], now: number, calls: number): [LimitName, number][] {
    const [tenant = '', , key = ''] = path
    return [
      ['application', app.waitFor(queue.ahead(path) + calls, now)],
      ['tenant_share', bucketOf(tenant).waitFor(queue.ahead(path, 1) + calls, now)],
      [
        key.startsWith('token ') ? 'bridge_tokens' : 'bridge_user',
        waitOfKey(key, queue.sizeAt(path) + calls - 1, now),
      ],
    ]
  }

  /** Milliseconds until so many calls that joined this path would have gone out, were nobody else to come. */
  const waitFor = (path: readonly string[], now: number, calls = 1): number =>
    Math.max(...waitsOf(path, now, calls).map(([, wait]) => wait))

  function leave(entry: Waiting): void {
    arrived.delete(entry)
    queue.remove(entry.path, entry)
  }

  function refuse(path: readonly string[], now: number): BridgeQuotaError {
    count.refused += 1
    const waits = waitsOf(path, now, 1)
    const [limit, waitMs] = waits.reduce((most, one) => (one[1] > most[1] ? one : most))
    return new BridgeQuotaError(Math.max(1, Math.ceil(waitMs / 1000)), limit)
  }

  function spend(path: readonly string[], now: number): void {
    const [tenant = '', , key = ''] = path
    app.spend(now)
    bucketOf(tenant).spend(now)
    if (key !== '') windowsOf(key).count(key, now)
    count.granted += 1
  }

  function serve(now: number): void {
    const admits = (path: readonly string[]): boolean => {
      if (path.length === 1) return bucketOf(path[0]!).tokens(now) >= 1
      return path.length < 3 || waitOfKey(path[2]!, 0, now) <= 0
    }
    while (queue.size > 0 && app.tokens(now) >= 1) {
      const entry = queue.take(admits)
      if (!entry) return
      arrived.delete(entry)
      spend(entry.path, now)
      entry.settle.resolve()
    }
  }

  function tick(): void {
    const now = clock.now()
    serve(now)
    for (const entry of arrived) {
      if (entry.deadline > now) continue
      leave(entry)
      entry.settle.reject(refuse(entry.path, now))
    }
    for (const [tenant, bucket] of tenants) if (bucket.tokens(now) >= share) tenants.delete(tenant)
    if (queue.size > 0) return
    stopTimer?.()
    stopTimer = undefined
  }

  return {
    tick,
    async take({ payer, against, signal }) {
      signal?.throwIfAborted()
      const now = clock.now()
      const path = pathOf(payer, against)
      const deadline = payer.waitsUntil ?? now + longestWaitMs
      const wait = waitFor(path, now)
      if (wait <= 0 && queue.size === 0) return spend(path, now)
      if (now + wait > deadline) throw refuse(path, now)

      const entry = { path, deadline, settle: Promise.withResolvers<void>() }
      queue.add(path, entry)
      arrived.add(entry)
      const giveUp = (): void => {
        leave(entry)
        entry.settle.reject(signal?.reason)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      stopTimer ??= every(tick, lookMs)
      serve(now) // others may wait for what this call does not need
      try {
        await entry.settle.promise
      } finally {
        signal?.removeEventListener('abort', giveUp)
      }
    },
    waitFor: ({ payer, against }, calls) => waitFor(pathOf(payer, against), clock.now(), calls),
    hold(against, seconds) {
      const key = keyOf(against)
      if (key !== '') windowsOf(key).hold(key, clock.now() + seconds * 1000)
    },
    state() {
      const now = clock.now()
      const waiting = new Map(queue.branches().map(({ name, size }) => [name, size]))
      const names = new Set([...waiting.keys(), ...tenants.keys()])
      return {
        burst,
        perSecond,
        available: Math.floor(app.tokens(now)),
        waiting: queue.size,
        ...count,
        tenants: [...names].map((tenant) => ({
          tenant,
          waiting: waiting.get(tenant) ?? 0,
          available: Math.floor(bucketOf(tenant).tokens(now)),
        })),
      }
    },
    close() {
      stopTimer?.()
      stopTimer = undefined
      for (const entry of arrived) {
        leave(entry)
        entry.settle.reject(refuse(entry.path, clock.now()))
      }
    },
  }
}

const pathOf = ({ tenant, site }: Payer, against: Against) => [tenant, site, keyOf(against)]

const keyOf = (against: Against): string => (against ? `${against.kind} ${against.user}` : '')

function startTimer(work: () => void, ms: number): () => void {
  const timer = setInterval(work, ms)
  return () => clearInterval(timer)
}
