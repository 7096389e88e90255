export interface AllowanceStore {
  /** Takes one of the `most` refreshes an item may have since `since`; else says when the next is free. */
  claimRefresh(
    itemId: number,
    limit: { at: number; since: number; most: number },
  ): Promise<{ claim: number } | { oldestAt: number }>
  /** Gives a refresh back that did not take place. */
  releaseRefresh(claim: number): Promise<void>
  /** Takes one of the `most` openings an item may have since `since`; else says when the oldest was. */
  claimRenewal(
    itemId: number,
    limit: { at: number; since: number; most: number },
  ): Promise<{ claim: number } | { oldestAt: number }>
  /** Gives an opening back that did not take place. */
  releaseRenewal(claim: number): Promise<void>
}
