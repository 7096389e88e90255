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

export interface RetentionStore {
  /**
   * Forgets what is older than `before`, at most `limit`; returns how many. Event bodies and responses leave their rows;
   * events take their deliveries along. What is still at work stays: events nobody applied or whose delivery waits, open
   * requests and claims, requests of living items. `requests-without-item` are those that ended without one.
   */
  purge(kind: RetentionKind, before: number, limit: number): Promise<number>
  /** How many it would forget, were there no limit. */
  countPurgeable(kind: RetentionKind, before: number): Promise<number>
}
