/** A site that may be tried: how many of its slots are taken, of how many, and how many of these by retries or replays. */
export interface Ready {
  siteId: string
  busy: number
  slots: number
  retrying: number
}

/** How many of a site's deliveries are taken: of them `oldest` whatever waits longest, the rest first tries before others. */
export interface Share {
  siteId: string
  limit: number
  oldest: number
}

/**
 * Deals slots out to the sites in turn: every one gets its first before any gets its second, and a second or further one
 * only while less than `spreadAfter` are dealt. First tries come before retries and replays, for which no other delivery waits; one
 * slot of several is for whatever waits longest, so that these get their turn too.
 */
export function sharesOf(
  ready: readonly Ready[],
  { limit, spreadAfter }: { limit: number; spreadAfter: number },
): Share[] {
  const dealt = ready.map(() => 0)
  let sum = 0
  for (let nth = 1; ready.some(({ slots }) => slots >= nth); nth += 1) {
    for (const [index, { busy, slots }] of ready.entries()) {
      if (busy >= nth || slots < nth) continue
      if (sum >= (nth === 1 ? limit : Math.min(limit, spreadAfter))) break
      dealt[index]! += 1
      sum += 1
    }
  }
  return ready.map(({ siteId, slots, retrying }, index) => ({
    siteId,
    limit: dealt[index]!,
    oldest: dealt[index]! > 0 && slots > 1 && retrying === 0 ? 1 : 0,
  }))
}
