import type { Clock } from '../../clock.ts'
import { minuteMs } from '../../durations.ts'
import { BridgeDownError, type Where } from '../bridge-errors.ts'

/**
 * How a call ended. `answered`: Bridge is there, whatever it said. `silent`: no answer, or one of a front that finds
 * nobody behind it. `broken`: a 500. `unknown`: the caller gave up first.
 */
export type Ending = { kind: 'answered' | 'unknown' } | Failure

interface Failure {
  kind: 'silent' | 'broken'
  /** Epoch milliseconds. */
  startedAt: number
  /** The user it was for, else what was asked. */
  whom: string
  /** Seconds Bridge asked to wait. */
  retryAfter?: number | undefined
}

export interface BreakerState {
  open: boolean
  /** Epoch milliseconds; when it opened, and when the next call goes out to see. Null while closed. */
  since: number | null
  nextTryAt: number | null
  /** How often it opened since the start. */
  opened: number
}

/** Knows when Bridge is down, so that callers hear of it at once and Bridge is left alone. */
export interface Breaker {
  /** Throws BridgeDownError while Bridge is known to be down and no probe is due, so that such a call need not even queue. */
  check(where: Where): void
  /**
   * Throws BridgeDownError while Bridge is known to be down; one call is let through when a probe is due. Whoever was let in
   * has to call the function that it returns, with how the call ended.
   */
  enter(where: Where): (ending: Ending) => void
  /** Whether a call would now be the one that looks. */
  isProbeDue(): boolean
  state(): BreakerState
}

const least = 5
const spanMs = 3_000
const firstPauseMs = 10_000
const longestPauseMs = minuteMs

/**
 * Opens after five failures in a row that span three seconds, so that a hiccup does not count. Failures with status 500
 * count only when they met more than one user: one broken account is not an outage. The pauses between looks grow from
 * ten seconds to a minute, or are what Bridge asks for.
 */
export function createBreaker({
  clock,
  onChange = () => {},
}: {
  clock: Clock
  onChange?: (state: BreakerState) => void
}): Breaker {
  let failures = { count: 0, since: 0, whom: new Set<string>(), silent: false }
  let down: { since: number; nextTryAt: number; pauseMs: number } | undefined
  let looking = false
  let opened = 0

  const state = (): BreakerState => ({
    open: down !== undefined,
    since: down?.since ?? null,
    nextTryAt: down?.nextTryAt ?? null,
    opened,
  })

  function recover(): void {
    failures = { count: 0, since: 0, whom: new Set(), silent: false }
    if (!down) return
    down = undefined
    onChange(state())
  }

  function fail({ kind, startedAt, whom, retryAfter }: Failure): void {
    const now = clock.now()
    const wishMs = (retryAfter ?? 0) * 1000
    if (down) {
      if (now < down.nextTryAt) return // sent before it opened
      const pauseMs = Math.min(down.pauseMs * 2, longestPauseMs)
      down = { ...down, pauseMs, nextTryAt: now + Math.max(pauseMs, wishMs) }
      return
    }
    if (failures.count === 0) failures.since = startedAt
    failures.count += 1
    if (failures.whom.size < 2) failures.whom.add(whom)
    failures.silent ||= kind === 'silent'
    const isWide = failures.silent || failures.whom.size > 1
    if (failures.count < least || now - failures.since < spanMs || !isWide) return
    opened += 1
    const nextTryAt = now + Math.max(firstPauseMs, wishMs)
    down = { since: failures.since, nextTryAt, pauseMs: firstPauseMs }
    onChange(state())
  }

  function settle(ending: Ending): void {
    if (ending.kind === 'answered') recover()
    else if ('startedAt' in ending) fail(ending)
  }

  const isProbeDue = (): boolean => down !== undefined && !looking && down.nextTryAt <= clock.now()

  function check(where: Where): void {
    if (!down || isProbeDue()) return
    const waitMs = down.nextTryAt - clock.now()
    throw new BridgeDownError(where, Math.max(1, Math.ceil(waitMs / 1000)))
  }

  return {
    check,
    enter(where) {
      check(where)
      if (!down) return settle
      looking = true
      return (ending) => {
        looking = false
        settle(ending)
      }
    },
    isProbeDue,
    state,
  }
}
