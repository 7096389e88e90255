import type { Language } from '../../language.ts'
import type { NewEvent } from './events.ts'
import type { MailEnd } from './reminder-ways.ts'
import type { By, Scope } from '../scope.ts'
import type { BridgeUser, SiteUser } from './users.ts'

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
  /** The consent that its site was last reminded of, by its end, and how many days before. */
  remindedOf: number | null
  remindedDays: number | null
  /** The same of the last mail to its user; when that was, and how it ended. */
  mailedOf: number | null
  mailedDays: number | null
  mailedAt: number | null
  mailEnd: MailEnd | null
  /** When the mail server last did not take one yet. */
  mailDeferredAt: number | null
  /** When a visit began after which the accounts are yet to be compared. */
  compareFrom: number | null
}

/** What its site calls an item's bank, else what Bridge does; null when neither is known. */
export const bankOf = ({
  bank,
  providerName,
}: Pick<Item, 'bank' | 'providerName'>): string | null => bank ?? providerName

/** An item with whose it is. */
export interface OwnedItem extends SiteUser {
  item: Item
}

/** An item with the name of its tenant, and how its user is reached. */
export interface Connection extends OwnedItem {
  tenant: string
  /** The address and the language that link calls named; the address sealed for the user. */
  user: BridgeUser & { email: Buffer | null; language: Language | null }
}

/** Which connections are meant: all of these at once. */
export interface ConnectionFilter {
  id?: number
  /** That has this account. */
  accountId?: number
  userId?: string
  siteId?: string
  tenantId?: string
  /** At the bank that Bridge numbers so. */
  providerId?: number
  /** Those too that are gone. */
  withGone?: true
  /** Neither of a site that is being deleted nor of a disabled tenant. */
  ofServed?: true
  /** When their consent ends, both included: leaves out those that never end. */
  endsFrom?: number
  endsUntil?: number
  /** In no such status. */
  statusNot?: readonly number[]
  /** That brought nothing since then, or were stored before and never did. */
  noSuccessSince?: number
  /** Whose status is not the one that was last looked at. */
  untold?: true
  /** Of which no success was heard, and whose site is to be told by then. */
  staleBy?: number
  /** Whose accounts are to be compared with those from before a visit. */
  toCompare?: true
  /** Whose site was not reminded of this consent so many days before its end, or later. */
  notReminded?: number
  /** Whose user wants mails, and got none so many days before; not while one rests that the mail server did not take. */
  notMailed?: { days: number; at: number }
}

/** A part of a list of connections. */
interface ConnectionPage {
  limit?: number
  offset?: number
  /** Of these statuses first. */
  first?: readonly number[]
  /** In the order of this, each of which has one; left out: the consent that ends first, those without an end last. */
  by?: 'id' | 'authenticationExpiresAt' | 'staleDueAt' | 'compareFrom'
  /** Behind the one of that id, in the order of ids or of the ends. */
  after?: number
}

/** A change that was decided by how an item stood, and what of that must still be so. */
export interface ItemNote {
  seen: Partial<Item>
  change: Partial<Item>
}

export interface ItemStore {
  /** By its number, or by that of an account. */
  findItem(scope: Scope, which: number | { accountId: number }): Promise<OwnedItem | undefined>
  /** The user's items that are not gone. */
  listItems(userId: string): Promise<Item[]>
  /** Stores what is new of a user's item, asked for at `at`; one that went since then stays away. */
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
   * Bridge said that it no longer knows the user by that uuid: then all its items are gone at `at`, and each is announced. One
   * that has another uuid by now stays as it is.
   */
  endUser(
    userId: string,
    end: { userUuid: string; at: number; announce: (itemId: number) => NewEvent },
  ): Promise<void>
  /**
   * True when an item of the user's, or the one named, was neither heard of nor looked for since `notSince`: the caller may
   * then read the list to see what is gone, which is noted as done at `at`. Without `notSince`, whenever that was. With
   * `hadAccounts` only items of which we know accounts count.
   */
  claimGoneLook(
    userId: string,
    look: { at: number; notSince?: number; hadAccounts?: boolean; itemId?: number },
  ): Promise<boolean>
  /** Writes a note, with the event that tells the site. False, and neither is stored, when the item is not as it was seen. */
  noteItem(itemId: number, note: ItemNote, event?: NewEvent | null): Promise<boolean>
  /**
   * Forgets an item and its accounts, and what its events said or were about to say; says how many accounts went. With
   * `withUser`, the uuid or null for one that has none any more, its Bridge user is gone too, with the address kept for it, and made anew when it is needed: of its
   * other items those that were not gone yet are announced. One that has another uuid by now stays as it is.
   */
  deleteItem(
    itemId: number,
    by: By,
    options?: { withUser?: string | null; announce?: (itemId: number) => NewEvent },
  ): Promise<{ accounts: number }>
  /** Of all tenants, unless the filter says whose; those that are not gone. */
  listConnections(filter: ConnectionFilter, page?: ConnectionPage): Promise<Connection[]>
}
