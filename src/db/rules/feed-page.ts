import type { FeedQuery } from '../ports/feed.ts'

/** What is looked at of an event before its body is read. */
export interface FeedRow {
  seq: number
  siteId: string
  type: string
  receivedAt: number
  /** Bytes of its body; null without one. */
  size: number | null
}

interface PickedPage {
  /** Which events the page gives. */
  seqs: number[]
  upTo: { seq: number; receivedAt: number } | null
  hasMore: boolean
}

/** Events that come at once may be stored in another order: of so many the first is the first, and the last is the last. */
export const storedAtOnce = 100

/** So many events are looked at for a page: with filters it may take several pages to find one. */
const lookedAt = 2_000

/** Of so many sites events are looked at: those whose first one comes first. More of them would be read for nothing. */
export const sitesAtOnce = 200

/** How many events of each site are looked at, of so many sites. */
export const rowsOfEach = (sites: number): number =>
  Math.max(20, Math.ceil(lookedAt / Math.max(1, sites)))

/**
 * Picks a page of the first `ofEach` events of each site behind a place. Where a site has more, what others have behind its
 * last one waits for the next page: else the reader would pass over the rest of that site. So does, where these are the first
 * `sitesAtOnce` of more sites, what comes behind the first one of the last of them.
 */
export function pickPage(
  rows: readonly FeedRow[],
  { types, limit, bytes, forgottenBefore }: Omit<FeedQuery, 'after'>,
  ofEach: number,
): PickedPage | 'forgotten' {
  const end = knownUntil(rows, ofEach)
  const wanted = types && new Set(types)
  const page: PickedPage = { seqs: [], upTo: null, hasMore: end !== Infinity }
  let room = bytes
  for (const row of rows.toSorted((a, b) => a.seq - b.seq)) {
    if (row.seq > end) break
    if (row.size === null) {
      if (row.receivedAt < forgottenBefore) {
        return page.seqs.length > 0 ? { ...page, hasMore: true } : 'forgotten'
      }
    } else if (!wanted || wanted.has(row.type)) {
      const isFull = page.seqs.length === limit || (row.size > room && page.seqs.length > 0)
      if (isFull) return { ...page, hasMore: true }
      page.seqs.push(row.seq)
      room -= row.size
    }
    page.upTo = { seq: row.seq, receivedAt: row.receivedAt }
  }
  return page
}

/** Up to which place all events are among the rows. */
function knownUntil(rows: readonly FeedRow[], ofEach: number): number {
  const bySite = Map.groupBy(rows, ({ siteId }) => siteId)
  const seqs = [...bySite.values()].map((ofSite) => ofSite.map(({ seq }) => seq))
  const ends = seqs.filter(({ length }) => length === ofEach).map((one) => Math.max(...one))
  if (seqs.length === sitesAtOnce) ends.push(Math.max(...seqs.map((one) => Math.min(...one))))
  return Math.min(...ends)
}
