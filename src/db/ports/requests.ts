import type { Language } from '../../language.ts'
import type { NewEvent } from './events.ts'
import type { Item, ItemFacts } from './items.ts'
import type { Claiming } from './members.ts'
import type { By, Scope } from '../scope.ts'
import type { SiteUser } from './users.ts'

export type RequestState = 'pending' | 'completed' | 'failed' | 'expired'

export interface ConnectRequest {
  id: string
  userId: string
  state: RequestState
  bank: string | null
  redirectUrl: string
  accountTypes: string
  managedItemId: number | null
  /** When the managed item had last been tried, as known when the link was opened: that belongs to an earlier visit. */
  lastTryAt: number | null
  itemId: number | null
  step: string | null
  openedAt: number
  expiresAt: number
  completedAt: number | null
  callbacks: number
  claimedItemId: number | null
  claimedStep: string | null
  /**
   * When the item was assigned to this request by Bridge's events alone or, while there is only a claim, when the claim was;
   * null once a callback confirmed it.
   */
  matchedAt: number | null
}

/** Where a request stands among all, the oldest first. */
export type RequestCursor = Pick<ConnectRequest, 'openedAt' | 'id'>

/** A request with whose it is. */
export interface OwnedRequest extends SiteUser {
  request: ConnectRequest
}

/** What was found out about a request. */
export interface RequestOutcome {
  state: 'pending' | 'completed' | 'failed'
  step: string | null
  /** As Bridge described it when asked at `at`; by its number alone: as its events left it, for Bridge was not asked. */
  item: ItemFacts | number
  at: number
  /** Concluded from Bridge's events, without a callback. */
  matched?: boolean
}

/** What a link call said of its user; what is left out stays as it is known. */
export interface SaidOfUser {
  /** The address it was opened with, sealed for its user. */
  email?: Buffer | undefined
  /** What its user reads. */
  language?: Language | undefined
}

/**
 * What can happen to a request without Bridge's word. `left`: the user left; an open request fails. `claimed`: a callback named
 * an item, to be verified later if the site is still served. `given-up`: that claim was refused or verified; nothing happens
 * when another claim has come meanwhile.
 */
export type RequestTurn =
  | { kind: 'left'; step: string | null }
  | { kind: 'claimed'; itemId: number; step: string | null }
  | { kind: 'given-up'; itemId: number }

export interface RequestStore {
  /**
   * Stores the request and pins the site's origin and webhook URL, in one. @throws SiteConflictError when the site's origin is
   * another by now, or it is no longer served
   */
  openConnectRequest(
    request: Pick<
      ConnectRequest,
      | 'id'
      | 'userId'
      | 'bank'
      | 'redirectUrl'
      | 'accountTypes'
      | 'managedItemId'
      | 'openedAt'
      | 'expiresAt'
    > &
      SaidOfUser,
    site: { id: string; origin: string | null; webhookUrl: string | null },
    by: By,
  ): Promise<void>
  findRequest(scope: Scope, id: string): Promise<(OwnedRequest & { item: Item | null }) | undefined>
  /** Not tenant-scoped: a callback names its request. Undefined also for a site that is being deleted, or a disabled tenant's. */
  findRequestForCallback(id: string): Promise<OwnedRequest | undefined>
  /** Counts a callback that has yet to be verified; false when the request has had `most` of them. */
  countCallback(id: string, most: number): Promise<boolean>
  /**
   * The request as it then is; undefined when it is gone. `by` is the member that has the request's callback in hand.
   * @throws ClaimLostError
   */
  changeRequest(id: string, turn: RequestTurn, by?: string): Promise<ConnectRequest | undefined>
  /**
   * Takes open requests of which a callback, or a correction, named an item that nobody verified yet, oldest first and
   * behind `after` alone; those of disabled tenants rest. Whose they are, and for how long, is as with `claimUnhandledEvents`.
   */
  claimCallbacks(
    claiming: Claiming & { after?: RequestCursor | undefined },
  ): Promise<OwnedRequest[]>
  /**
   * Ends the request with an item Bridge confirmed: stores both in one, and the announcement with its delivery when the
   * request turns completed. `held` when another request holds that item, or the site
   * is no longer served. A completed request stays as it is, unless it was only `matched` and this outcome is not: a
   * verified one also takes the item from a request that was matched, which waits again. The item that it was matched with
   * by mistake becomes the claim of the one that waits, else of the user's only open request. `by` is the member that has
   * the request's callback in hand. @throws ClaimLostError
   */
  settleRequest(
    id: string,
    outcome: RequestOutcome,
    announcement: NewEvent,
    by?: string,
  ): Promise<{ outcome: 'settled' | 'held'; request: ConnectRequest }>
  /**
   * Marks pending requests whose time is over; returns how many. One that made an item waits for it, past its day too, until
   * the item is gone.
   */
  expireRequests(at: number, limit: number): Promise<number>
  /**
   * An item with the request that made it, and its user's open requests: the newest that hold none, and behind them those
   * that hold it, each oldest first; undefined when it is not here, or not served.
   */
  findRequestsForItem(
    itemId: number,
  ): Promise<{ item: Item; holder: OwnedRequest | null; open: OwnedRequest[] } | undefined>
  /** Where the request that made the item ended, else the last that managed it. */
  findReturnUrl(itemId: number): Promise<string | undefined>
}
