import type { Claiming } from './members.ts'

/** An event with the delivery it becomes when its site has a webhook URL. */
export interface NewEvent {
  id: string
  deliveryId: string
  /** The same event again has the same key. */
  dedupeKey: string
  /** What an earlier version called it: stored under that key it is no new one either. */
  formerKey?: string
  type: string
  userId: string | null
  siteId: string
  itemId: number | null
  /** The exact bytes to deliver, sealed with the event's row. */
  body: Buffer
  occurredAt: number
  receivedAt: number
  /** Null: the handler has yet to apply it. */
  handledAt: number | null
}

/** An event that a member claimed, and has in hand. */
export interface Handling {
  by: string
  seq: number
}

export interface StoredEvent {
  seq: number
  id: string
  type: string
  userId: string | null
  itemId: number | null
  /** Null once its retention is over. */
  body: Buffer | null
  occurredAt: number
  receivedAt: number
  failures: number
}

/** What an event changes about what we hold. `at` is the event's own time: what is older than what we know changes nothing. */
export type EventChange =
  | {
      kind: 'item'
      userId: string
      itemId: number
      at: number
      /** Null: the event did not say. */
      status: number | null
      statusCodeInfo: string | null
      authenticationExpiresAt: number | null
      accountTypes: string | null
      /** Whether a refresh it tells of went well; left out when it tells of none. */
      refreshed?: boolean
    }
  | { kind: 'account'; userId: string; itemId: number; accountId: number; at: number }
  | { kind: 'item-gone'; userId: string; itemId: number; at: number }
  | { kind: 'user-gone'; userId: string; userUuid: string; at: number }

/** An `item.refreshed` of Bridge's whose facts are stored. Times are epoch milliseconds. */
export interface RefreshedItem {
  itemId: number
  /** `connect`, `scheduler` …; null when Bridge did not say. */
  trigger: string | null
  /** Bridge read the whole history, as it does some minutes after a visit; it is not itself a visit. */
  full: boolean
  occurredAt: number
  receivedAt: number
}

/** An event for whoever waits for its answer: tried once, and not again when the site recovers. */
export const testEventType = 'webhook.test'

export interface EventStore {
  /**
   * Stores an event and its delivery, durably. Calls made at the same moment share one commit, and each fails alone. Where
   * nothing of the same user waits to be handled, an engine may apply the `change` in that commit and note the event as
   * handled; else the handler does.
   * @throws StoreBusyError also when too many wait; StoreDiskError
   */
  acceptEvent(event: NewEvent, change?: EventChange): Promise<'new' | 'repeat'>
  /**
   * Takes events that nobody applied yet, in the order they came; those put off until later are left out. What a member has
   * it gets again until it ended it, and no other one gets later events of the same user; what it had when it died, or for
   * too long, others get. Where one server alone can be a member, its place is the claim, and this writes nothing.
   */
  claimUnhandledEvents(claiming: Claiming): Promise<StoredEvent[]>
  /**
   * Applies what an event changes, and in the same commit notes the event as handled when there is a time for that. False when
   * the item is another user's: then nothing changed. Calls made at the same moment share a commit, in their order.
   * @throws ClaimLostError
   */
  applyEvent(
    change: EventChange,
    handling?: Handling & { handledAt: number | null },
  ): Promise<boolean>
  /** @throws ClaimLostError */
  markHandled(handling: Handling, at: number): Promise<void>
  /** Puts the event off until `until`; a failure is counted. @throws ClaimLostError */
  postponeEvent(handling: Handling, until: number, options?: { failed: boolean }): Promise<void>
  /** When Bridge's last webhook was stored, of those until then. */
  lastWebhookAt(until: number): Promise<number | null>
}
