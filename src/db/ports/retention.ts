/** What is forgotten with age. */
export const retentionKinds = [
  'event-bodies',
  'responses',
  'calls',
  'events',
  'requests-without-item',
  'requests',
  'items',
  'lost-accounts',
  'audit',
  'removals',
] as const

export type RetentionKind = (typeof retentionKinds)[number]

/** A row in the order of age, and of keys where ages are the same: where the next look goes on. */
export interface AgeCursor {
  age: number
  key: string | number
}

export interface RetentionStore {
  /**
   * Looks at no more than `limit` rows that are older than `before`, oldest first and behind `after` alone, and forgets
   * those that may go. `upTo` is where it ended, when there may be more. Event bodies and responses leave their rows;
   * events take their deliveries along. What is still at work stays: events nobody applied or whose delivery waits, open
   * requests and claims, requests of living items. `requests-without-item` are those that ended without one.
   */
  purge(
    kind: RetentionKind,
    before: number,
    look: { limit: number; after?: AgeCursor | undefined },
  ): Promise<{ count: number; upTo: AgeCursor | undefined }>
  /** How many it would forget, were there no limit. */
  countPurgeable(kind: RetentionKind, before: number): Promise<number>
}
