import type { By } from '../scope.ts'

/** What a deletion removed, here and at Bridge. */
export interface Receipt {
  bridge_items: number
  bridge_users: number
  items: number
  accounts: number
  users: number
  requests: number
  events: number
  deliveries: number
  keys: number
  sites: number
}

export interface Removal {
  id: string
  kind: 'site' | 'tenant'
  tenantId: string
  subjectId: string
  name: string
  withBridgeUsers: boolean
  actor: string
  startedAt: number
  finishedAt: number | null
  receipt: Receipt
}

/** All steps may be repeated: what went is counted in the commit that removes it. */
export interface RemovalStore {
  /**
   * Begins a deletion, or returns the one under way. From here on the site, or all the tenant's sites and keys, are seen by
   * nobody: calls, events and deliveries for them end.
   */
  startRemoval(
    removal: Pick<Removal, 'id' | 'kind' | 'tenantId' | 'subjectId' | 'name' | 'withBridgeUsers'>,
    by: By,
  ): Promise<Removal>
  /** What a deletion would remove, by what is known here: nobody asks Bridge. */
  countToRemove(of: Pick<Removal, 'kind' | 'subjectId' | 'withBridgeUsers'>): Promise<Receipt>
  /** Deletions that did not end, oldest first. */
  listOpenRemovals(): Promise<Removal[]>
  /** Counts an item as gone at Bridge, and removes it here with its accounts. */
  removeItem(removalId: string, itemId: number): Promise<void>
  /** Removes a user with what hangs on it; `atBridge`: gone there too. */
  removeUser(removalId: string, userId: string, atBridge: boolean): Promise<void>
  /** Removes events with their deliveries, at most `limit`. True when there may be more. */
  removeEvents(removalId: string, limit: number): Promise<boolean>
  /** Removes the rest and writes the receipt. False when something came in between: begin again. */
  finishRemoval(removalId: string, at: number): Promise<boolean>
  getRemoval(removalId: string): Promise<Removal>
}
