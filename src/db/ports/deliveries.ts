import type { EndpointAnswer } from './endpoints.ts'
import type { By } from '../scope.ts'

export type DeliveryState = 'pending' | 'delivered' | 'dead'

export interface Delivery {
  id: string
  eventSeq: number
  siteId: string
  itemId: number | null
  state: DeliveryState
  attempts: number
  scheduleFrom: number
  dueAt: number | null
  claimedUntil: number | null
  /** The member whose claim that is, or the command. None, when it was struck off and its try may still go on. */
  claimedBy: string | null
  firstEndedAt: number | null
  createdAt: number
  settledAt: number | null
}

/** A delivery that a worker has until its lease ends, with all that a try needs. */
export interface ClaimedDelivery {
  id: string
  /** Tells this claim from any other of the delivery. */
  attempt: number
  /** Which try of the schedule this is, from 1. */
  tryNumber: number
  event: { id: string; type: string; body: Buffer | null }
  site: { id: string; name: string; tenantId: string; webhookUrl: string; webhookSecret: Buffer }
  allowedTargets: string[]
  previousSecret: Buffer | null
  previousSecretUntil: number | null
}

/** So many tries of a delivery are told, the last: each time it is replayed it may have ten more. */
export const mostTries = 100

/** One try, as it is kept. */
export interface Attempt {
  /** Which of the delivery's tries it is, from 1. */
  number: number
  startedAt: number
  durationMs: number
  status: number | null
  /** Why there is no status, in a few words. */
  error: string | null
  /** The beginning of the answer, sealed with the delivery's row. */
  response: Buffer | null
}

export interface Settlement {
  id: string
  /** The claim it ends. Another one since: nothing is stored. */
  attempt: number
  at: number
  outcome:
    | { kind: 'delivered' }
    | { kind: 'failed'; dueAt: number }
    | { kind: 'dead' }
    /** Given back untried, as if never claimed. */
    | { kind: 'released' }
  try: Omit<Attempt, 'number'> | null
  /** What the try says about the endpoint; null when nothing: it was given back, or the fault was ours. */
  endpoint: EndpointAnswer | null
}

export interface Settled {
  /** `stale`: the lease was overslept, another claim has the delivery. */
  outcome: 'settled' | 'stale'
  /** Whether this try disabled the endpoint. */
  disabled: boolean
}

/** What became of the events that were to be sent again. */
export interface Replayed {
  /** On their way again. */
  replayed: number
  /** On their way anyway: in flight, or not tried yet. */
  underway: number
  /** Not to be sent: the body is forgotten, or the site has no webhook URL. */
  impossible: number
}

export interface DeliveryStore {
  /**
   * Takes due deliveries for the member `by`, until `leaseUntil` or its death: those of the longest waiting sites first, no more per site than its endpoint
   * may have in flight; of one that is down, one. Once `spreadAfter` are taken, only what is a site's first in flight. The first
   * try of one waits for the first tries of all earlier ones of its site and item.
   */
  claimDeliveries(claim: {
    by: string
    at: number
    leaseUntil: number
    limit: number
    spreadAfter?: number
  }): Promise<ClaimedDelivery[]>
  /**
   * Takes the delivery of one event, in whatever turn and however its endpoint fares: somebody waits for it. Undefined when a
   * worker has it, or it waits no more.
   */
  claimDelivery(
    eventId: string,
    claim: { by: string; at: number; leaseUntil: number },
  ): Promise<ClaimedDelivery | undefined>
  /** Ends a try. Calls made at the same moment share one commit. @throws StoreBusyError */
  settleDelivery(settlement: Settlement): Promise<Settled>
  /** A delivery by its id or that of its event. */
  findDelivery(id: string): Promise<(Delivery & { tries: Attempt[] }) | undefined>
  /**
   * Puts deliveries on their way again, under the same event's id and with a schedule that begins anew; what was only kept
   * gets its delivery. They hold nothing back. `newId` names new deliveries.
   */
  replayEvents(eventIds: readonly string[], newId: () => string, by: By): Promise<Replayed>
  /**
   * Puts some of what died of a site's failures back on its way, once that is due: it took something, was enabled or has a
   * new URL. Undefined when there is no such site.
   */
  recoverDead(at: number): Promise<{ siteId: string; recovered: number } | undefined>
}
