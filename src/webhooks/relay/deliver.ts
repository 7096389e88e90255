import type { AuditCounter } from '../../audit/counter.ts'
import type { Clock, Ids } from '../../clock.ts'
import { testEventType } from '../../db/ports/events.ts'
import type { ClaimedDelivery, Settled, Settlement } from '../../db/ports/deliveries.ts'
import { freshMs } from '../../db/rules/delivery-claims.ts'
import { isDelivered } from '../../db/rules/endpoint-health.ts'
import type { Store } from '../../db/store.ts'
import { hourOf } from '../../durations.ts'
import { readRetryAfter } from '../../http-exchange.ts'
import type { Log } from '../../logger.ts'
import type { Keyring } from '../../vault/keyring.ts'
import { deliveryRow, eventRow, secretRow } from '../../vault/sealed-rows.ts'
import { webhookHeaders } from './headers.ts'
import { waitAfter } from './schedule.ts'
import type { Post, Sender, SiteAnswer } from './sender.ts'

/** What it takes to try a delivery once. */
export interface DeliverDeps {
  store: Pick<Store, 'settleDelivery'>
  keyring: Keyring
  clock: Clock
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
  pause(ms: number, signal: AbortSignal): Promise<void>
}

/** The pauses before a try is settled again, when the database was locked or full: in all less than a try leaves of its lease. */
const settleAgainMs = [1_000, 2_000, 4_000, 8_000, 16_000]

/**
 * One try of a delivery that was claimed: signs, posts, settles, and tells how it went. Given back untried when the claim is too
 * old to be sent, or the stop cut it short.
 */
export async function deliver(
  deps: DeliverDeps,
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
  { store, log, pause }: DeliverDeps,
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

/** All a try sends. Throws when what we stored cannot be opened. */
function prepare({ keyring, openedTo }: DeliverDeps, claim: ClaimedDelivery, at: number): Post {
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
  { clock, ids }: DeliverDeps,
  { tryNumber, event }: ClaimedDelivery,
  retryAfterMs?: number,
): Settlement['outcome'] {
  // Somebody waits for what comes back; in three days nobody does.
  if (event.type === testEventType) return { kind: 'dead' }
  const wait = waitAfter(tryNumber, ids.random(), retryAfterMs)
  return wait === undefined ? { kind: 'dead' } : { kind: 'failed', dueAt: clock.now() + wait }
}

function toSettlement(
  deps: DeliverDeps,
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

const sealed = ({ keyring }: DeliverDeps, id: string, response: Buffer): Buffer | null =>
  response.length === 0 ? null : keyring.seal(response, deliveryRow(id))

function report(
  { log, auditCounter, observe }: DeliverDeps,
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
