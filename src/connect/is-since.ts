import { leewayMs } from '../db/rules/item-change.ts'
import type { ConnectRequest } from '../db/ports/requests.ts'

/**
 * Whether something with this date of Bridge's may come from the visit that a link was opened for. The leeway for clocks that
 * differ does not apply when the item was tried just before the link: it would take that earlier try for this visit. Then the
 * date must be neither that try's nor older than the link.
 */
export function isSince(
  at: number,
  { openedAt, lastTryAt }: Pick<ConnectRequest, 'openedAt' | 'lastTryAt'>,
): boolean {
  const earliest = openedAt - leewayMs
  if (lastTryAt === null || lastTryAt < earliest) return at >= earliest
  return at >= openedAt && at > lastTryAt && !isSameSecond(at, lastTryAt)
}

/** The same time, printed to the second here and to the millisecond there. */
const isSameSecond = (one: number, other: number): boolean =>
  (one % 1_000 === 0 || other % 1_000 === 0) &&
  Math.floor(one / 1_000) === Math.floor(other / 1_000)
