import type { EndpointAnswer, EndpointHealth } from '../ports/endpoints.ts'
import { hourMs, minuteMs, secondMs } from '../../durations.ts'

/** How a try ended: with a status, or without one. Times are epoch milliseconds, waits milliseconds. */
export type Ended = Pick<EndpointAnswer, 'status' | 'retryAfterMs'> & { at: number }

/** What a try means for its endpoint. */
export interface Verdict {
  health: EndpointHealth
  /** Whether it was this try that disabled it. */
  disabled: boolean
  /** Set by the first 2xx after failures: what died since then, all its tries among them, is tried again. */
  recoverSince: number | null
}

/** How many tries of an endpoint may be in flight at once, while it is well. */
export const triesAtOnce = 4

/** An endpoint of which nothing is known. */
export const healthy: EndpointHealth = {
  failingSince: null,
  lastFailureAt: null,
  jumpedMs: 0,
  streak: 0,
  holdUntil: 0,
  concurrency: triesAtOnce,
  disabledAt: null,
  disabledReason: null,
}

/** The receiver, or what stands before it, asks for less. */
const slowDown = new Set([429, 502, 503, 504])
const slowDownMs = 30 * secondMs
const longestSlowDownMs = 15 * minuteMs

/** After so many failures in a row the breaker opens; then one try at a time probes whether the site is back. */
const breakerAfter = 5
const firstBreakMs = 30 * secondMs
const longestBreakMs = 5 * minuteMs

const disableAfterMs = 120 * hourMs
const failureSpanMs = 12 * hourMs

/** Whether a status says that the site took the delivery. */
export const isDelivered = (status: number | null): boolean =>
  status !== null && status >= 200 && status < 300

/** Whether a status says that nobody looked at the delivery. A 500 does not: that is how a site fails at what it took. */
export const isUnheard = (status: number | null): boolean => status === null || slowDown.has(status)

/**
 * What a try means for its endpoint: how many tries at once and from when, whether it is disabled, and whether what died is
 * to be tried again. The same object when nothing changes.
 */
export function judge(health: EndpointHealth, ended: Ended): Verdict {
  return isDelivered(ended.status) ? afterSuccess(health) : afterFailure(health, ended)
}

/** The same for what an address answered: the one before, while the site's was changed, says nothing about the new one. */
export const judgeAnswer = (
  health: EndpointHealth,
  { webhookUrl, ...ended }: EndpointAnswer & { at: number },
  present: string | null,
): Verdict => (webhookUrl === present ? judge(health, ended) : unchanged(health))

/** A new URL, or the operator's word: its failures are forgotten, and what died of them is tried again. */
export const revive = ({ failingSince }: EndpointHealth): Verdict => ({
  health: healthy,
  disabled: false,
  recoverSince: failingSince,
})

const unchanged = (health: EndpointHealth): Verdict => ({
  health,
  disabled: false,
  recoverSince: null,
})

function afterSuccess(health: EndpointHealth): Verdict {
  const concurrency = Math.min(health.concurrency + 1, triesAtOnce)
  const isHealthy =
    health.failingSince === null && health.streak === 0 && concurrency === health.concurrency
  if (isHealthy) return unchanged(health)
  return {
    // A try that began before the endpoint was disabled says nothing about the endpoint as it is now.
    health: {
      ...health,
      concurrency,
      failingSince: null,
      lastFailureAt: null,
      jumpedMs: 0,
      streak: 0,
    },
    disabled: false,
    recoverSince: health.failingSince,
  }
}

function afterFailure(health: EndpointHealth, { at, status, retryAfterMs }: Ended): Verdict {
  const failingSince = health.failingSince ?? at
  // Any other answer, even a refusal, shows that somebody is there.
  const isDown = status === null || status >= 500
  const streak = isDown ? health.streak + 1 : health.streak
  const isBroken = isDown && streak >= breakerAfter
  const isSlow = status !== null && slowDown.has(status)

  const holds = [health.holdUntil]
  if (isBroken) holds.push(at + breakMs(streak))
  if (isSlow) holds.push(at + Math.max(slowDownMs, Math.min(retryAfterMs ?? 0, longestSlowDownMs)))
  const reason = health.disabledAt === null ? reasonToDisable(health, { at, status }) : undefined
  return {
    health: {
      ...health,
      failingSince,
      lastFailureAt: at,
      streak,
      concurrency: isBroken || isSlow ? 1 : health.concurrency,
      holdUntil: Math.max(...holds),
      ...(reason !== undefined && { disabledAt: at, disabledReason: reason }),
    },
    disabled: reason !== undefined,
    recoverSince: null,
  }
}

const breakMs = (streak: number): number =>
  Math.min(firstBreakMs * 2 ** (streak - breakerAfter), longestBreakMs)

/** One bad moment, a quiet week and another bad moment are no reason: it must have failed in between. */
function reasonToDisable(
  { failingSince, lastFailureAt, jumpedMs }: EndpointHealth,
  { at, status }: Ended,
): string | undefined {
  if (status === 410) return 'it answered 410 Gone'
  if (failingSince === null || lastFailureAt === null) return undefined
  const began = failingSince + jumpedMs
  return at - began >= disableAfterMs && lastFailureAt - began >= failureSpanMs
    ? 'it took nothing for 120 hours'
    : undefined
}
