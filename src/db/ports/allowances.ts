/** What an item may have so often within a time: refreshes without its user, openings of a renewal link. */
type AllowanceKind = 'refresh' | 'renewal'

export interface AllowanceStore {
  /** Takes one of the `limit` that an item may have since `since`; else says when the oldest of them was. */
  claimAllowance(
    kind: AllowanceKind,
    itemId: number,
    allowed: { at: number; since: number; limit: number },
  ): Promise<{ claim: number } | { oldestAt: number }>
  /** Gives one back that did not take place. */
  releaseAllowance(kind: AllowanceKind, claim: number): Promise<void>
}
