import type { NewEvent } from './events.ts'
import type { MailEnd } from './reminder-ways.ts'
import type { By, Scope } from '../scope.ts'
import type { SiteUser } from './users.ts'

/** What Bridge said about an item, in our terms. */
export interface ItemFacts {
  id: number
  providerId: number | null
  providerName: string | null
  accountTypes: string | null
  status: number
  statusCodeInfo: string | null
  authenticationExpiresAt: number | null
  /** Left out or null: not said, what is known stays. */
  lastSuccessAt?: number | null
  lastTryAt?: number | null
}

export interface Item extends ItemFacts {
  lastSuccessAt: number | null
  lastTryAt: number | null
  userId: string
  bank: string | null
  createdAt: number
  updatedAt: number
  unreachableAt: number | null
  goneAt: number | null
  /** The status that was last looked at to tell the site what it asks of the user. */
  toldStatus: number | null
  /** When its site was asked to do something about it; null once it works again. */
  helpAskedAt: number | null
  /** The last gaps between successful refreshes, in milliseconds, between commas. */
  refreshGaps: string
  /** When the next success is expected, and when the site is told that none came; null once it was. */
  expectedAt: number | null
  staleDueAt: number | null
  /** Of the last mail about its consent: how many days before the end, when, and how that ended. */
  mailedDays: number | null
  mailedAt: number | null
  mailEnd: MailEnd | null
  /** When a visit began after which the accounts are yet to be compared. */
  compareFrom: number | null
}

/** An item with whose it is. */
export interface OwnedItem extends SiteUser {
  item: Item
}

/** An item with the name of its tenant, as an operator lists them. */
export interface Connection extends OwnedItem {
  tenant: string
}

/** Which connections are meant: all of these at once. */
export interface ConnectionFilter {
  tenantId?: string
  siteId?: string
  /** When their consent ends, both included: leaves out those that never end. */
  endsFrom?: number
  endsUntil?: number
  /** In no such status. */
  statusNot?: readonly number[]
  /** That brought nothing since then, or were stored before and never did. */
  noSuccessSince?: number
}

export interface ItemStore {
  findItem(scope: Scope, itemId: number): Promise<OwnedItem | undefined>
  /** A site's items that are not gone: those of these statuses first, then the consent that ends first. */
  listSiteItems(
    scope: Scope & { siteId: string },
    page: { first: readonly number[]; limit: number; offset: number },
  ): Promise<Pick<OwnedItem, 'item' | 'user'>[]>
  /** The user's items that are not gone. */
  listItems(userId: string): Promise<Item[]>
  /** Stores what is new of a user's item; one that went meanwhile stays away. */
  updateItem(userId: string, facts: ItemFacts, at: number): Promise<void>
  /**
   * Stores what Bridge said of a user's items, asked for at `at`; an item another user holds is left alone. `complete`: the
   * list was the whole, so what is missing is gone, unless it was stored since `at`; each that went is announced.
   */
  keepItems(
    userId: string,
    facts: readonly ItemFacts[],
    options: { at: number; complete: boolean; announce?: (itemId: number) => NewEvent },
  ): Promise<void>
  /**
   * True when an item of the user's, or the one named, was neither heard of nor looked for since `notSince`: the caller may
   * then read the list, which is noted as done at `at`. Without `notSince`, whenever that was. With `hadAccounts` only items
   * of which we know accounts count.
   */
  claimLook(
    userId: string,
    look: { at: number; notSince?: number; hadAccounts?: boolean; itemId?: number },
  ): Promise<boolean>
  /** Bridge answered 404 for it. */
  markUnreachable(itemId: number, at: number): Promise<void>
  /**
   * Forgets an item and its accounts, and what its events said or were about to say; says how many accounts went. With
   * `withUser` its Bridge user is gone too, with the address kept for it, and made anew when it is needed.
   */
  deleteItem(itemId: number, by: By, options?: { withUser: boolean }): Promise<{ accounts: number }>
  /** Not tenant-scoped: whose an event is that names an item but no user. */
  findItemOwner(itemId: number): Promise<SiteUser | undefined>
  /** Not tenant-scoped: a renewal link names its item. */
  findItemForRenewal(itemId: number): Promise<OwnedItem | undefined>
  /** For the operator, those that are not gone, the consent that ends first at the top. */
  listConnections(filter: ConnectionFilter): Promise<Connection[]>
}
