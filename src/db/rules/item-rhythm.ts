import { dayMs, hourMs } from '../../durations.ts'
import type { Item } from '../ports/items.ts'

/** How many gaps between refreshes tell an item's rhythm. */
const gapsKept = 5

type Rhythm = Pick<Item, 'refreshGaps' | 'expectedAt' | 'staleDueAt'>

export const noRhythm: Rhythm = { refreshGaps: '', expectedAt: null, staleDueAt: null }

/**
 * An item's rhythm after a success: when the next one is expected, and when its absence is told. A bank is read once or twice
 * a day, at no fixed hour, so half as long again is no news yet. Two times within an hour are one success, told twice.
 */
export function rhythmAfter(
  known: (Rhythm & Pick<Item, 'lastSuccessAt'>) | undefined,
  successAt: number | null,
): Rhythm {
  const { lastSuccessAt = null, ...before } =
    known ?? (noRhythm as Rhythm & { lastSuccessAt?: null })
  const { refreshGaps, expectedAt, staleDueAt } = before
  const isNews = successAt !== null && (lastSuccessAt === null || successAt > lastSuccessAt)
  if (!isNews) return { refreshGaps, expectedAt, staleDueAt }
  const gap = successAt - (lastSuccessAt ?? successAt)
  const earlier = refreshGaps === '' ? [] : refreshGaps.split(',').map(Number)
  const gaps = (gap < hourMs ? earlier : [...earlier, gap]).slice(-gapsKept)
  const rhythm = Math.max(dayMs, medianOf(gaps))
  const due = successAt + rhythm
  return {
    refreshGaps: gaps.join(),
    expectedAt: due,
    staleDueAt: due + Math.round(rhythm / 2) + hourMs,
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[middle - 1 + (sorted.length % 2)] ?? 0, sorted[middle] ?? 0]
  return Math.round((low + high) / 2)
}
