import type { LimitName } from '../../errors.ts'
import type { Attempt, Delivery } from './deliveries.ts'
import type { StoredEvent } from './events.ts'
import type { OwnedRequest, RequestState } from './requests.ts'
import type { Scope } from '../scope.ts'
import type { SiteUser } from './users.ts'

/** One call of Bridge's API: the route with `{id}` for ids, never a query. */
export interface BridgeStep {
  call: string
  /** Null: no answer came. */
  status: number | null
  ms: number
}

/** Why a call was refused. */
export interface CallRefusal {
  code: string
  /** As the caller got it. */
  message: string
  /** What the message names: an id, a name, a limit's figure. */
  named: Record<string, string | number>
  /** The limit that was met, where there are several of that code. */
  limit: LimitName | null
}

/** One RPC call, as it is kept: ids, and no bank data. */
export interface CallRecord {
  id: string
  at: number
  method: string
  status: number
  excType: string | null
  /** Null for what went well, and for calls of older versions. */
  refusal: CallRefusal | null
  durationMs: number
  tenantId: string | null
  siteId: string | null
  apiKey: string | null
  request: string | null
  itemId: number | null
  bridge: BridgeStep[]
}

/** A delivery with its tries, without what the site answered. */
interface TriedDelivery extends Pick<
  Delivery,
  'id' | 'state' | 'createdAt' | 'dueAt' | 'settledAt' | 'attempts'
> {
  tries: Omit<Attempt, 'response'>[]
  /** When it is tried next, at the earliest: not while its endpoint rests. Null when nothing will be tried by itself. */
  nextTryAt: number | null
}

/** A page of a list, the newest first; with `before`, an id, of what is older than that one. */
export interface Page {
  limit: number
  before?: string
}

/** Where an event stands among those of its time: what comes next lies behind it. */
export type EventCursor = Pick<StoredEvent, 'receivedAt' | 'seq'>

/** A page of events by when they came. `after`: of those that lie behind this one in that order. */
export interface EventPage extends Page {
  /** The newest, unless told otherwise. */
  first?: 'newest' | 'oldest'
  after?: EventCursor
}

/** All that are given hold. */
export interface CallFilter {
  tenantId?: string
  siteId?: string
  apiKey?: string
  id?: string
  request?: string
  itemId?: number
  method?: string
  since?: number
  /** As 400 and 500 for all that begin with a 4. */
  status?: { from: number; until: number }
}

export interface RequestFilter {
  tenantId?: string
  siteId?: string
  userId?: string
  /** In any spelling. */
  userName?: string
  id?: string
  /** That it ended in. */
  itemId?: number
  state?: RequestState
  since?: number
}

/** In the order that lists offer them. */
export const eventStates = ['pending', 'delivered', 'dead', 'kept', 'forgotten'] as const
/**
 * `kept`: its site had no webhook URL, so there is no delivery. `forgotten`: nor is there a body to send, for its connection
 * was deleted, or its retention is over.
 */
export type EventState = (typeof eventStates)[number]

export interface EventFilter {
  tenantId?: string
  siteId?: string
  id?: string
  deliveryId?: string
  itemId?: number
  type?: string
  state?: EventState
  /** Times of arrival, `until` excluded. */
  since?: number
  until?: number
  /** What the feed of that scope gives. */
  feedOf?: Scope
}

export interface UserFilter {
  tenantId?: string
  siteId?: string
  id?: string
  userUuid?: string
  /** In any spelling. */
  name?: string
}

/** Names are null once what they name is gone. */
export type ListedCall = CallRecord & { tenant: string | null; site: string | null }

export type ListedRequest = OwnedRequest & { tenant: string }

export type ListedEvent = Omit<StoredEvent, 'body'> & {
  siteId: string
  tenant: string
  site: string
  handledAt: number | null
  /** Whether there is anything to send. */
  hasBody: boolean
  /** Null: its site had no webhook URL, or its connection was deleted while it waited. */
  delivery: TriedDelivery | null
}

export type ListedUser = SiteUser & {
  tenant: string
  createdAt: number
  items: number
  /** When the user wanted no more reminders by mail, and how many were refused since one was taken. */
  mailStoppedAt: number | null
  mailRefusals: number
}

/** A bank that somebody is connected to, as Bridge numbers them. */
export interface HeldBank {
  id: number
  /** As the newest of its connections that has one knows it. */
  name: string | null
}

/** What an id, the beginning of one, or a name means. */
export interface Subject {
  kind: 'call' | 'request' | 'item' | 'account' | 'event' | 'delivery' | 'key' | 'user' | 'site'
  id: string
}

/** What happened, for the operator: of all tenants, unless a filter says whose. No list holds bank data, or a link. */
export interface HistoryStore {
  /** Stores calls in one commit; one stored before stays. */
  addCalls(calls: readonly CallRecord[]): Promise<void>
  listCalls(filter: CallFilter, page: Page): Promise<ListedCall[]>
  listRequests(filter: RequestFilter, page: Page): Promise<ListedRequest[]>
  listEvents(filter: EventFilter, page: EventPage): Promise<ListedEvent[]>
  listUsers(filter: UserFilter, page: Page): Promise<ListedUser[]>
  /** The banks of the connections that live, by their numbers. */
  listHeldBanks(): Promise<HeldBank[]>
  /**
   * What a word means: Bridge's number of an item or an account, a Bridge user's uuid, an id of ours or its beginning, the
   * name of a user or a site in any spelling. At most `limit`.
   */
  findSubjects(word: string, limit: number): Promise<Subject[]>
}
