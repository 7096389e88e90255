import type { AuditEntry, Item, NewEvent, OwnedItem, SiteUser } from './store.ts'

/** An item with the name of its tenant, as an operator lists them. */
export interface Connection extends OwnedItem {
  tenant: string
}

/** An account as it is compared: never its IBAN. */
export interface KnownAccount {
  id: number
  ibanFingerprint: Buffer | null
  createdAt: number
}

/** How the server stands with Bridge, as it wrote it down. */
export interface SavedBridgeStatus {
  at: number
  status: Record<string, unknown>
}

/** What the worker needs that keeps items in order. Items of removed sites and disabled tenants are left alone. */
export interface UpkeepStore {
  /** Items whose status is not the one that was last looked at. */
  listUntoldStatuses(limit: number): Promise<OwnedItem[]>
  /** Notes that the item's status was looked at, with the event that tells the site. False when it changed meanwhile. */
  tellStatus(
    item: Pick<Item, 'id' | 'status' | 'toldStatus'>,
    event: NewEvent | null,
  ): Promise<boolean>
  /** Items whose consent ends after one time and until another, and whose site was not reminded at `days` or later. */
  listRemindersDue(
    due: { endsAfter: number; endsUntil: number; days: number },
    limit: number,
  ): Promise<OwnedItem[]>
  /** Stores the reminder with its event. False when the consent was renewed or the reminder sent meanwhile. */
  remind(
    item: Pick<Item, 'id' | 'authenticationExpiresAt'>,
    days: number,
    event: NewEvent,
  ): Promise<boolean>
  /** Items whose accounts are to be compared with those from before a visit. */
  listComparisons(limit: number): Promise<OwnedItem[]>
  listAccounts(itemId: number): Promise<KnownAccount[]>
  /** Whether an item has accounts whose IBAN we would know again. */
  knowsAccounts(itemId: number): Promise<boolean>
  /**
   * Ends a comparison: the accounts are from now on those given, and what was found is told. False when another visit began
   * meanwhile: nothing is stored.
   */
  settleComparison(
    item: Pick<Item, 'id' | 'compareFrom'>,
    accounts: readonly { id: number; ibanFingerprint: Buffer | null }[],
    finding: { event: NewEvent; audit: AuditEntry } | null,
    at: number,
  ): Promise<boolean>
  /** Bridge users, by id, with an item that nobody heard of since `before` and that we did not ask for since then either. */
  listUnheard(before: number, page: { after: string; limit: number }): Promise<SiteUser[]>
  /** Notes that Bridge was asked for the user's items. */
  noteAsked(userId: string, at: number): Promise<void>
  /** A door: a renewal link names its item. */
  findItemForRenewal(itemId: number): Promise<OwnedItem | undefined>
  /** Takes one of the `most` openings an item may have since `since`; else says when the oldest was. */
  claimRenewal(
    itemId: number,
    limit: { at: number; since: number; most: number },
  ): Promise<{ claim: number } | { oldestAt: number }>
  /** Gives an opening back that did not take place. */
  releaseRenewal(claim: number): Promise<void>
  /** Where the request that made the item ended, else the last that managed it. */
  findReturnUrl(itemId: number): Promise<string | undefined>
  /** For the operator, the consent that ends first at the top; `endsUntil` leaves out those that end later or never. */
  listConnections(filter: { tenantId?: string; endsUntil?: number }): Promise<Connection[]>
  saveBridgeStatus(saved: SavedBridgeStatus): Promise<void>
  readBridgeStatus(): Promise<SavedBridgeStatus | undefined>
}
