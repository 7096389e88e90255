import type { Scope } from '../scope.ts'

/** An event as the feed gives it. `seq` is its place in the feed; the body is sealed with the event's row. */
export interface FeedEvent {
  seq: number
  id: string
  type: string
  /** The site's name. */
  site: string
  itemId: number | null
  receivedAt: number
  body: Buffer
}

export interface FeedQuery {
  /** Where the reader stands: what it has seen goes up to and with this place. */
  after: number
  /** Undefined: all. */
  types?: readonly string[] | undefined
  limit: number
  /** How many bytes of bodies one page holds, unless its first event alone has more. */
  bytes: number
  /** Events that came before then and have no body are forgotten; later ones lost it with their item, and are passed over. */
  forgottenBefore: number
}

interface FeedPage {
  events: FeedEvent[]
  /** Where the reader stands then, and when the last event came that this tells of; null when there was none. */
  upTo: { seq: number; receivedAt: number } | null
  /** Whether there may be more at once. */
  hasMore: boolean
}

/**
 * The events of a tenant's sites in the order they were stored. A tenant's events get their places one after the other, each
 * once those before it can be read: so whoever has read up to a place finds all that is stored later behind it.
 */
export interface FeedStore {
  /** The place before the first event that came at `since` or later and is not forgotten: behind it everything is still kept. */
  findFeedStart(scope: Scope, since: number, forgottenBefore: number): Promise<number>
  /** The place of the last event that the scope sees, 0 without one. */
  findFeedEnd(scope: Scope): Promise<number>
  /** The events behind a place; of many it looks at the first only. `forgotten`: what comes next is no longer kept. */
  readFeed(scope: Scope, query: FeedQuery): Promise<FeedPage | 'forgotten'>
}
