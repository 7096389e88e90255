import { setTimeout as timeout } from 'node:timers/promises'
import { monotonicClock, type ClockWatch } from '../../clock.ts'
import { leaseMs } from '../../db/rules/delivery-claims.ts'
import type { Site } from '../../db/ports/sites.ts'
import type { Store } from '../../db/store.ts'
import { deliver, type DeliverDeps } from './deliver.ts'

export interface RelayDeps extends Omit<DeliverDeps, 'store' | 'pause'> {
  store: Store
  /** Whose claims its claims are. */
  memberId: string
  clockWatch: Pick<ClockWatch, 'jumped'>
  /** Rejects when the signal ends it. */
  pause?: DeliverDeps['pause']
}

export interface Relay {
  /** Starts the tries that are due and does not wait for them. True when there may be more to start. */
  pump(): Promise<boolean>
  /** Sends some of the deliveries again that died while their site failed. True when there may be more. One server does it for all. */
  recover(): Promise<boolean>
  /** Recovers and starts what is due, and waits until those tries are settled: what tests call. True when there may be more. */
  tick(): Promise<boolean>
  /**
   * Tries the delivery of a site's event at once, out of its turn, and resolves when that is settled. False when it did not:
   * a worker has the delivery, or too many are being tried so (`mostOutOfTurn`), and a worker tries it in its turn.
   */
  tryNow(eventId: string, site: Pick<Site, 'id' | 'tenantId'>): Promise<boolean>
  /** Lets the tries in flight end, for so long; then gives back, untried, what is left. */
  drain(graceMs: number): Promise<void>
}

/**
 * Sockets at once, over all sites. A site has four of them while less than half are taken, then one, and one when its last
 * try found it down. So it takes 1,250 sites that hang (four slots each of 250, one each of 1,000) to keep another waiting.
 */
const mostSockets = 2_000

/**
 * How many are tried at once out of their turn, besides those sockets: somebody presses a button for each. One tenant's sites
 * that hang must not take the slots of all.
 */
const mostOutOfTurn = { ofSite: 4, ofTenant: 16, inAll: 64 }

/** How many are taken in one commit, so that it holds up nobody for long. */
const mostClaimed = 256

/**
 * A look for what is due goes over every site that has anything due, those that cannot be reached for now among them, and each
 * webhook calls for one. So that thousands of such sites leave time for the others, it rests three times as long as it took.
 */
const [restsFor, longestRestMs] = [3, 250]

/** Brings deliveries to their sites: claims them and has them tried. It keeps no state that matters: claims and due times are rows. */
export function createRelay(
  given: RelayDeps,
  {
    onSettled = () => {},
    mostInFlight = mostSockets,
  }: { onSettled?: () => void; mostInFlight?: number } = {},
): Relay {
  const deps = { pause: wait, ...given }
  const { store, clock, clockWatch, log, pause } = deps
  const inFlight = new Set<Promise<void>>()
  /** Whose webhooks are being tried out of their turn, one for each. */
  const outOfTurn = new Set<{ siteId: string; tenantId: string; ended: Promise<void> }>()
  const stopping = new AbortController()
  let jumpedMs = 0

  /** Before times are compared, or written down: when the clock was set, those that are stored move along. */
  async function followClock(): Promise<void> {
    jumpedMs += clockWatch.jumped()
    const byMs = jumpedMs
    if (byMs === 0) return
    jumpedMs = 0
    try {
      await store.clockJumped(byMs, clock.now())
      log.warn({ byMs }, 'the clock was set')
    } catch (error) {
      jumpedMs += byMs // the next look tries again
      log.error({ byMs, err: error }, 'the clock was set, and times did not move along')
    }
  }

  async function recover(): Promise<boolean> {
    await followClock()
    const some = await store.recoverDead(clock.now())
    if (some && some.recovered > 0) {
      log.info({ site: some.siteId, recovered: some.recovered }, 'dead webhooks are tried again')
    }
    return some !== undefined
  }

  /** Starts the tries that are due, up to so many sockets. */
  async function start(): Promise<Promise<void>[]> {
    await followClock()
    const at = clock.now()
    const limit = Math.min(mostClaimed, mostInFlight - inFlight.size)
    if (limit === 0 || stopping.signal.aborted) return []
    const spreadAfter = Math.max(0, Math.floor(mostInFlight / 2) - inFlight.size)
    const claim = { by: deps.memberId, at, leaseUntil: at + leaseMs }
    const claims = await store.claimDeliveries({ ...claim, limit, spreadAfter })
    return claims.map((claim) => {
      const work = deliver(deps, claim, { claimedAt: at, stopping: stopping.signal, followClock })
        .catch((error: unknown) => {
          // Not settled: the lease runs out, and the delivery is tried again.
          log.error({ delivery: claim.id, err: error }, 'delivery not settled')
        })
        .finally(() => {
          inFlight.delete(work)
          onSettled()
        })
      inFlight.add(work)
      return work
    })
  }

  return {
    async pump() {
      const began = monotonicClock.now()
      const { length } = await start()
      const restMs = Math.min(longestRestMs, restsFor * (monotonicClock.now() - began))
      if (length < mostClaimed && restMs >= 1) await pause(restMs, stopping.signal).catch(() => {})
      return length > 0
    },
    recover,
    async tick() {
      const hasRecovered = await recover()
      const works = await start()
      await Promise.all(works)
      return hasRecovered || works.length > 0
    },
    async tryNow(eventId, { id: siteId, tenantId }) {
      const all = [...outOfTurn]
      const isFull =
        all.length >= mostOutOfTurn.inAll ||
        all.filter((one) => one.tenantId === tenantId).length >= mostOutOfTurn.ofTenant ||
        all.filter((one) => one.siteId === siteId).length >= mostOutOfTurn.ofSite
      if (isFull || stopping.signal.aborted) return false
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      const own = { siteId, tenantId, ended }
      outOfTurn.add(own)
      try {
        const at = clock.now()
        const claim = { by: deps.memberId, at, leaseUntil: at + leaseMs }
        const claimed = await store.claimDelivery(eventId, claim)
        if (!claimed) return false
        await deliver(deps, claimed, { claimedAt: at, stopping: stopping.signal, followClock })
        return true
      } finally {
        outOfTurn.delete(own)
        end()
      }
    },
    async drain(graceMs) {
      const cut = setTimeout(() => stopping.abort(), graceMs)
      await Promise.all([...inFlight, ...Array.from(outOfTurn, ({ ended }) => ended)])
      clearTimeout(cut)
      stopping.abort() // nothing is tried from now on: what `tryNow` is asked for stays due
    },
  }
}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  timeout(ms, undefined, { signal, ref: false })
