import type { Ids } from '../../clock.ts'
import type { By } from '../../db/scope.ts'
import type { Replayed } from '../../db/ports/deliveries.ts'
import type { EventCursor, EventFilter } from '../../db/ports/history.ts'
import type { Store } from '../../db/store.ts'

/** How many are put back on their way in one commit, so that the server never waits long for it. */
const batch = 100

/** Sends everything the filter means again, in the order it came; `by.at` bounds it, so it never meets what comes meanwhile. */
export async function replayAll(
  deps: { store: Store; ids: Ids },
  filter: EventFilter,
  by: By,
  onBatch: (sofar: Replayed) => void = () => {},
): Promise<Replayed> {
  const { replayed, underway, impossible } = await replayPart(deps, filter, by, { onBatch })
  return { replayed, underway, impossible }
}

/**
 * Sends events behind the cursor `after` again, a batch at a time, until at least `most` were looked at. `rest` is the cursor
 * behind which the others lie, null when there are no more.
 */
export async function replayPart(
  { store, ids }: { store: Store; ids: Ids },
  filter: EventFilter,
  by: By,
  {
    after,
    most = Infinity,
    onBatch = () => {},
  }: { after?: EventCursor; most?: number; onBatch?: (sofar: Replayed) => void },
): Promise<Replayed & { rest: EventCursor | null }> {
  const sum: Replayed = { replayed: 0, underway: 0, impossible: 0 }
  const until = Math.min(filter.until ?? Infinity, by.at + 1)
  const bounded = { ...filter, until }
  let last = after
  for (let looked = 0; looked < most; looked += batch) {
    const page = { first: 'oldest' as const, limit: batch, ...(last && { after: last }) }
    const found = await store.listEvents(bounded, page)
    last = found.at(-1)
    if (!last) return { ...sum, rest: null }
    const done = await replaySome(
      { store, ids },
      found.map(({ id }) => id),
      by,
    )
    for (const key of ['replayed', 'underway', 'impossible'] as const) sum[key] += done[key]
    onBatch(sum)
    if (found.length < batch) return { ...sum, rest: null }
  }
  const next = { first: 'oldest' as const, limit: 1, ...(last && { after: last }) }
  const isMore = (await store.listEvents(bounded, next)).length > 0
  return { ...sum, rest: isMore && last ? last : null }
}

/** Sends these events again. */
export const replaySome = (
  { store, ids }: { store: Store; ids: Ids },
  eventIds: readonly string[],
  by: By,
): Promise<Replayed> => store.replayEvents(eventIds, () => ids.next('dlv'), by)
