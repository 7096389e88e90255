import { testEventType } from '../ports/events.ts'

/** Deaths of a site's deliveries, from a moment to another, both included. */
export interface Span {
  since: number
  until: number
}

/** How many go back on their way in one commit: a few milliseconds. */
export const recoveredAtOnce = 500

/** A dead delivery and its tries, those before a replay aside. */
export interface DeadDelivery {
  eventType: string
  /** Whether its event's body is still there. */
  hasBody: boolean
  /** When its first try ended; null without any. */
  firstEnd: number | null
  /** How many tries ended since the failures began. */
  endsSince: number
}

/**
 * Whether a delivery died because its site had been failing since then, and is worth sending again now that the site recovered.
 * It is when its first try ended since then, or at least two of its tries did: a delivery that the site refuses while it takes
 * the rest has at most one try, its own, among the failures. Not one that died of a fault of ours, which has no try; and not a
 * test, which nobody waits for any more.
 */
export function isRecovered(dead: DeadDelivery, since: number): boolean {
  if (!dead.hasBody || dead.eventType === testEventType) return false
  return dead.firstEnd !== null && (dead.firstEnd >= since || dead.endsSince >= 2)
}

/** A span that has both in it: recoveries that meet are one. */
export const joined = (noted: Span | undefined, span: Span): Span =>
  noted === undefined
    ? span
    : {
        since: Math.min(noted.since, span.since),
        until: Math.max(noted.until, span.until),
      }
