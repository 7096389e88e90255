import { setTimeout as timeout } from 'node:timers/promises'
import type { Keyring } from '../../vault/keyring.ts'
import type { AuditCounter } from '../../audit/counter.ts'
import { hourOf } from '../../durations.ts'
import { deliveryRow, eventRow, secretRow } from '../../vault/sealed-rows.ts'
import { monotonicClock, type Clock, type ClockWatch, type Ids } from '../../clock.ts'
import { testEventType } from '../../db/ports/events.ts'
import type { ClaimedDelivery, Settled, Settlement } from '../../db/ports/deliveries.ts'
import { isDelivered } from '../../db/rules/endpoint-health.ts'
import { freshMs, leaseMs } from '../../db/rules/delivery-claims.ts'
import type { Site } from '../../db/ports/sites.ts'
import type { Store } from '../../db/store.ts'
import { readRetryAfter } from '../../http-exchange.ts'
import type { Log } from '../../logger.ts'
import { waitAfter } from './schedule.ts'
import type { Post, Sender, SiteAnswer } from './sender.ts'
import { webhookHeaders } from './headers.ts'

export interface RelayDeps {
  store: Store
  /** Whose claims its claims are. */
  memberId: string
  keyring: Keyring
  clock: Clock
  clockWatch: Pick<ClockWatch, 'jumped'>
  ids: Ids
  auditCounter: AuditCounter
  sender: Sender
  log: Log
  /** Hears how tries end. */
  observe?: {
    webhookTried(outcome: 'delivered' | 'failed' | 'refused'): void
    endpointDisabled(): void
  }
  /** What is open to a site besides the public internet, of the CIDRs that it was let open. */
  openedTo(ownRanges: readonly string[]): string[]
  /** Rejects when the signal ends it. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>
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

/** The pauses before a try is settled again, when the database was locked or full: in all less than a try leaves of its lease. */
const settleAgainMs = [1_000, 2_000, 4_000, 8_000, 16_000]

/**
 * Sockets at once, over all sites. A site has four of them while less than half are taken, then one, and one when its last
 * try found it down. So it takes 1,250 sites that hang (four places each of 250, one each of 1,000) to keep another waiting.
 */
const mostSockets = 2_000

/**
 * How many are tried at once out of their turn, besides those sockets: somebody presses a button for each. One tenant's sites
 * that hang must not take the places of all.
 */
const mostOutOfTurn = { ofSite: 4, ofTenant: 16, inAll: 64 }

/** How many are taken in one commit, so that it holds up nobody for long. */
const mostClaimed = 256

/**
 * A look for what is due goes over every site that has anything due, those that cannot be reached for now among them, and each
 * webhook calls for one. So that thousands of such sites leave time for the others, it rests three times as long as it took.
 */
const [restsFor, longestRestMs] = [3, 250]

/** Brings deliveries to their sites: claims, signs, posts and settles. It keeps no state that
 * matters: claims and due times are rows. */
export function createRelay(
  deps: RelayDeps,
  {
    onSettled = () => {},
    mostInFlight = mostSockets,
  }: { onSettled?: () => void; mostInFlight?: number } = {},
): Relay {
  const { store, clock, clockWatch, log, pause = wait } = deps
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

async function deliver(
  deps: RelayDeps,
  claim: ClaimedDelivery,
  {
    claimedAt,
    stopping,
    followClock,
  }: { claimedAt: number; stopping: AbortSignal; followClock: () => Promise<void> },
): Promise<void> {
  const { clock, log, sender } = deps
  const { id, attempt, site, event } = claim
  const facts = { delivery: id, event: event.id, site: site.id, try: claim.tryNumber }
  const startedAt = clock.now()
  const giveBack = async (at: number) => {
    const outcome = { kind: 'released' as const }
    await settle(deps, { id, attempt, at, outcome, try: null, endpoint: null }, stopping)
  }
  if (startedAt - claimedAt > freshMs) {
    log.warn(facts, 'webhook claimed too long ago to be sent')
    return giveBack(startedAt)
  }

  let post: Post
  try {
    post = prepare(deps, claim, startedAt)
  } catch (error) {
    // Ours, not the site's: its endpoint is not to blame, and the next deliveries go on.
    log.error({ ...facts, err: error }, 'webhook not prepared')
    const outcome = event.body === null ? { kind: 'dead' as const } : retryOrBury(deps, claim)
    const at = clock.now()
    await settle(deps, { id, attempt, at, outcome, try: null, endpoint: null }, stopping)
    return
  }

  const answer = await sender.send({ ...post, signal: stopping })
  await followClock()
  const at = clock.now()
  if (answer.status === null && stopping.aborted) return giveBack(at)
  const settlement = toSettlement(deps, claim, answer, startedAt, at)
  const settled = await settle(deps, settlement, stopping)
  report(deps, claim, answer, at)
  if (settled.outcome === 'stale') log.warn(facts, 'webhook settled too late')
  if (settled.disabled) {
    deps.observe?.endpointDisabled()
    log.error({ site: site.id }, 'endpoint disabled')
  }
}

/** Stores how a try ended, again and again while its lease lasts: else a site would get twice what it has taken already. */
async function settle(
  { store, log, pause = wait }: RelayDeps,
  settlement: Settlement,
  stopping: AbortSignal,
): Promise<Settled> {
  for (const ms of settleAgainMs) {
    try {
      return await store.settleDelivery(settlement)
    } catch (error) {
      if (stopping.aborted) throw error
      log.warn({ delivery: settlement.id, err: error }, 'delivery not settled yet')
      await pause(ms, stopping).catch(() => {})
    }
  }
  return store.settleDelivery(settlement)
}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  timeout(ms, undefined, { signal, ref: false })

/** All a try sends. Throws when what we stored cannot be opened. */
function prepare({ keyring, openedTo }: RelayDeps, claim: ClaimedDelivery, at: number): Post {
  const { event, site } = claim
  if (event.body === null) throw new Error('The event has no body any more')
  const body = keyring.open(event.body, eventRow(event.id))
  return {
    url: site.webhookUrl,
    body,
    opened: openedTo(claim.allowedTargets),
    tenant: site.tenantId,
    headers: webhookHeaders({
      id: event.id,
      type: event.type,
      site: site.name,
      at,
      body,
      secrets: secretsOf(keyring, claim, at),
    }),
  }
}

/** The newest first; the one before signs too while its time lasts. */
function secretsOf(keyring: Keyring, claim: ClaimedDelivery, at: number): string[] {
  const { site, previousSecret, previousSecretUntil } = claim
  const isRotating = previousSecret !== null && (previousSecretUntil ?? 0) > at
  return [site.webhookSecret, ...(isRotating ? [previousSecret] : [])].map((sealed) =>
    keyring.open(sealed, secretRow(site.id)).toString('utf8'),
  )
}

function retryOrBury(
  { clock, ids }: RelayDeps,
  { tryNumber, event }: ClaimedDelivery,
  retryAfterMs?: number,
): Settlement['outcome'] {
  // Somebody waits for what comes back; in three days nobody does.
  if (event.type === testEventType) return { kind: 'dead' }
  const wait = waitAfter(tryNumber, ids.random(), retryAfterMs)
  return wait === undefined ? { kind: 'dead' } : { kind: 'failed', dueAt: clock.now() + wait }
}

function toSettlement(
  deps: RelayDeps,
  claim: ClaimedDelivery,
  answer: SiteAnswer,
  startedAt: number,
  at: number,
): Settlement {
  const { id, attempt, site } = claim
  const { status } = answer
  const retryAfterMs = status === null ? undefined : readRetryAfter(answer.retryAfter, at)
  const tried = { startedAt, durationMs: Math.max(0, at - startedAt), status }
  return {
    id,
    attempt,
    at,
    outcome: isDelivered(status) ? { kind: 'delivered' } : retryOrBury(deps, claim, retryAfterMs),
    try:
      answer.status === null
        ? { ...tried, error: answer.error, response: null }
        : { ...tried, error: null, response: sealed(deps, id, answer.response) },
    endpoint: { webhookUrl: site.webhookUrl, status, retryAfterMs },
  }
}

const sealed = ({ keyring }: RelayDeps, id: string, response: Buffer): Buffer | null =>
  response.length === 0 ? null : keyring.seal(response, deliveryRow(id))

function report(
  { log, auditCounter, observe }: RelayDeps,
  claim: ClaimedDelivery,
  answer: SiteAnswer,
  at: number,
): void {
  const isRefused = answer.status === null && answer.refused
  const outcome = isRefused ? 'refused' : 'failed'
  observe?.webhookTried(isDelivered(answer.status) ? 'delivered' : outcome)
  const { id, event, site, tryNumber } = claim
  const facts = { delivery: id, event: event.id, type: event.type, site: site.id, try: tryNumber }
  if (isDelivered(answer.status)) {
    log.info({ ...facts, status: answer.status }, 'webhook delivered')
    return
  }
  const why = answer.status === null ? { error: answer.error } : { status: answer.status }
  log.warn({ ...facts, ...why }, 'webhook not delivered')
  if (isRefused) {
    auditCounter.count({
      at,
      tenantId: site.tenantId,
      actor: 'server',
      action: 'target.refused',
      subject: site.name,
      bucket: hourOf(at),
    })
  }
}
