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

/** What a deletion removes step by step. */
export type RemovedKind = 'items' | 'users' | 'events'

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
  /**
   * Removes rows of a kind, at most so many or the one of that key, with the accounts, requests or deliveries that hang on them;
   * says how many. `atBridge`: it is gone there too, which is counted. `userUuid`: what a user was at Bridge; one that was made
   * there as another since stays.
   */
  removeRows(
    removalId: string,
    kind: RemovedKind,
    which:
      | { limit: number }
      | { key: string | number; atBridge: boolean; userUuid?: string | null },
  ): Promise<number>
  /**
   * Removes a piece of the rest, some calls or a site. With the last piece goes the tenant, and the receipt is written. `again`
   * when something came in between: begin again.
   */
  finishRemoval(removalId: string, at: number): Promise<'done' | 'more' | 'again'>
  getRemoval(removalId: string): Promise<Removal>
}
