import { testEventType } from '../ports/events.ts'
import { isUnheard } from './endpoint-health.ts'

/** Deaths of a site's deliveries, from a moment to another, both included. */
export interface Span {
  since: number
  until: number
}

/** How many go back on their way in one commit: a few milliseconds. */
export const recoveredAtOnce = 500

interface DeadDelivery {
  eventType: string
  /** Whether its event's body is still there. */
  hasBody: boolean
  attempts: number
  scheduleFrom: number
  /** When its tries ended, in their order. */
  ends: readonly number[]
  /** What its last try was answered; null without an answer. */
  lastStatus: number | null
}

/**
 * Whether a delivery died because its site had been failing since then, and is worth sending again now that the site recovered.
 * It is when its first try ended since then, or at least two of its tries did: a delivery that the site refuses while it takes
 * the rest has at most one try, its own, among the failures. One whose last try came while a site that was coming back was away
 * again has one, too: it is sent again if nobody looked at it then, but only once, as it may be what the site falls silent over. Not
 * one that died of a fault of ours, which has no try; and not a test, which nobody waits for any more.
 */
export function isRecovered(dead: DeadDelivery, since: number): boolean {
  if (!dead.hasBody || dead.eventType === testEventType) return false
  // Those since it was last sent again. Claims that were given back, which are no tries, are in both numbers.
  const counted = dead.ends.slice(-(dead.attempts - dead.scheduleFrom))
  if (counted.length === 0) return false
  const wasSentAgain = counted.length < dead.ends.length
  const wasUnlucky = !wasSentAgain && isUnheard(dead.lastStatus)
  return counted[0]! >= since || counted.filter((end) => end >= since).length >= 2 || wasUnlucky
}

/** A span that has both in it: recoveries that meet are one. */
export const joined = (noted: Span | undefined, span: Span): Span =>
  noted === undefined
    ? span
    : {
        since: Math.min(noted.since, span.since),
        until: Math.max(noted.until, span.until),
      }
