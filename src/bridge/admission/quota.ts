import type { Clock } from '../../clock.ts'
import { BridgeQuotaError } from '../bridge-errors.ts'
import { createFairQueue } from '../../fair-queue.ts'
import { createLentPermits, type Lender } from './lent-permits.ts'
import { shareOf } from '../../quota-lending.ts'
import { createPermits, type PermitLimits, type Waits } from './permits.ts'

/** For whom a call is made. Those who wait are served by tenant, then by site, in turn. */
export interface Payer {
  tenant: string
  site: string
  /** For how many milliseconds from now its calls may wait for their turn: then the longest wait does not count. */
  mayWaitMs?(): number
}

/** Calls that nobody in particular asked for: reference data, probes. */
export const ourselves: Payer = { tenant: '', site: '' }

export interface QuotaLimits extends PermitLimits {
  /** How long a call may wait for its turn. */
  longestWaitMs: number
}

/** Below what Bridge allows an application: 2000 calls in 5 minutes, 60 a user and 10 tokens a user in a minute (Bridge: rate limits). */
const defaultLimits: QuotaLimits = {
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

/** What lets one call go out. */
export interface Turn {
  /** True once the call was not sent in time: others may have its place by then, so it has to take another turn. */
  isOver(): boolean
}

export interface Quota {
  /**
   * Resolves when the call may go out, for as long as its turn is not over. Rejects at once with BridgeQuotaError when its turn
   * is further away than the longest wait, and with the signal's reason when that ends it.
   */
  take(call: { payer: Payer; against: Against; signal?: AbortSignal | undefined }): Promise<Turn>
  /** Milliseconds until so many calls could have gone out, if nobody else comes; 0: now. */
  waitFor(call: { payer: Payer; against: Against }, calls: number): number
  /** Bridge itself answered 429 and said for how many seconds. */
  hold(against: Against, seconds: number): void
  /** Serves whoever is due. Runs by itself while somebody waits; tests call it. */
  tick(): void
  /** As it stands with all who share it; true as of the last `refresh`. */
  state(): QuotaState
  /** Asks how it stands, where others share it. */
  refresh(): Promise<void>
  /** Ends the timer; whoever waits is refused, and what was lent and not used goes back. */
  close(): Promise<void>
}

interface Waiting {
  path: readonly string[]
  deadline: number
  /** Came when nobody knew how far away its turn is. */
  isNew: boolean
  settle: PromiseWithResolvers<Turn>
}

const lookMs = 50

/**
 * What this process may spend of the application's quota, served in queue: of a token bucket in memory, or of what a
 * `lender` lends to all who share it. `saved` is the bucket's state before a restart, so that a crash loop spends no burst
 * twice.
 */
export function createQuota({
  clock,
  limits: changed = {},
  saved,
  lender,
  every = startTimer,
}: {
  clock: Clock
  limits?: Partial<QuotaLimits>
  saved?: { available: number; at: number } | undefined
  lender?: Lender | undefined
  every?: (work: () => void, ms: number) => () => void
}): Quota {
  const limits = { ...defaultLimits, ...changed }
  const { burst, perSecond, longestWaitMs } = limits
  const since = saved?.at ?? clock.now()
  const permits = lender
    ? createLentPermits(limits, {
        clock,
        lender,
        inTurn: (most) => queue.first(most).map(({ path }) => countedOf(path)),
        onAnswer,
      })
    : createPermits(limits, { since, start: saved?.available })
  const queue = createFairQueue<Waiting>()
  const arrived = new Set<Waiting>()
  const count = { granted: 0, refused: 0 }
  let stopTimer: (() => void) | undefined
  let isClosed = false

  /** What each limit alone would have so many calls of this path wait, in milliseconds. */
  function waitsOf(path: readonly string[], now: number, calls: number): Waits {
    const ahead = {
      all: queue.ahead(path) + calls,
      ofTenant: queue.ahead(path, 1) + calls,
      ofKey: queue.sizeAt(path) + calls,
    }
    return permits.waits(countedOf(path), ahead, now)
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

  function spend(path: readonly string[], now: number): Turn {
    const until = permits.spend(countedOf(path), now)
    count.granted += 1
    return { isOver: () => until <= clock.now() }
  }

  function serve(now: number): void {
    const admits = ([tenant = '', site, key]: readonly string[]): boolean =>
      site === undefined
        ? permits.admits({ tenant }, now)
        : key === undefined || permits.admits({ tenant, key }, now)
    while (queue.size > 0 && permits.any(now)) {
      const entry = queue.take(admits)
      if (!entry) return
      arrived.delete(entry)
      entry.settle.resolve(spend(entry.path, now))
    }
  }

  function watch(): void {
    if (!isClosed && (queue.size > 0 || permits.isBusy())) {
      stopTimer ??= every(tick, lookMs)
    } else {
      stopTimer?.()
      stopTimer = undefined
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
    permits.tick(now)
    watch()
  }

  /** What was lent is spent; of those who came meanwhile some learn only now how far away their turn is. */
  function onAnswer(): void {
    const now = clock.now()
    serve(now)
    if (permits.isKnown(now)) {
      for (const entry of [...arrived].toReversed()) {
        const isNew = entry.isNew
        entry.isNew = false
        if (!isNew || now + waitFor(entry.path, now, 0) <= entry.deadline) continue
        leave(entry)
        entry.settle.reject(refuse(entry.path, now))
      }
    }
    permits.tick(now)
    watch()
  }

  return {
    tick,
    async take({ payer, against, signal }) {
      signal?.throwIfAborted()
      const now = clock.now()
      const path = pathOf(payer, against)
      const deadline = now + (payer.mayWaitMs?.() ?? longestWaitMs)
      const call = countedOf(path)
      if (queue.size === 0 && permits.has(call, now)) return spend(path, now)
      const isNew = !permits.isKnown(now)
      if (isClosed || (!isNew && now + waitFor(path, now) > deadline)) throw refuse(path, now)

      const entry = { path, deadline, isNew, settle: Promise.withResolvers<Turn>() }
      queue.add(path, entry)
      arrived.add(entry)
      const giveUp = (): void => {
        leave(entry)
        entry.settle.reject(signal?.reason)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      serve(now) // others may wait for what this call does not need
      if (arrived.has(entry)) permits.joined(call, now)
      watch()
      try {
        return await entry.settle.promise
      } finally {
        signal?.removeEventListener('abort', giveUp)
      }
    },
    waitFor: ({ payer, against }, calls) => waitFor(pathOf(payer, against), clock.now(), calls),
    hold(against, seconds) {
      const key = keyOf(against)
      if (key !== '') permits.hold(key, clock.now() + seconds * 1000)
    },
    state() {
      const now = clock.now()
      const waiting = new Map(queue.branches().map(({ name, size }) => [name, size]))
      const elsewhere = Object.entries(permits.waitingElsewhere())
      for (const [tenant, calls] of elsewhere) {
        waiting.set(tenant, (waiting.get(tenant) ?? 0) + calls)
      }
      const left = permits.tenants(now)
      const names = new Set([...waiting.keys(), ...left.keys()])
      return {
        burst,
        perSecond,
        available: Math.floor(permits.available(now)),
        waiting: [...waiting.values()].reduce((sum, calls) => sum + calls, 0),
        ...count,
        tenants: [...names].map((tenant) => ({
          tenant,
          waiting: waiting.get(tenant) ?? 0,
          available: Math.floor(left.get(tenant) ?? shareOf(burst)),
        })),
      }
    },
    refresh: () => permits.refresh(),
    async close() {
      isClosed = true
      watch()
      for (const entry of arrived) {
        leave(entry)
        entry.settle.reject(refuse(entry.path, clock.now()))
      }
      await permits.close()
    },
  }
}

const pathOf = ({ tenant, site }: Payer, against: Against) => [tenant, site, keyOf(against)]

const countedOf = ([tenant = '', , key = '']: readonly string[]) => ({ tenant, key })

const keyOf = (against: Against): string => (against ? `${against.kind} ${against.user}` : '')

function startTimer(work: () => void, ms: number): () => void {
  const timer = setInterval(work, ms)
  return () => clearInterval(timer)
}
