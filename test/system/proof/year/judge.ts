import { dayMs, isoDay, type Site } from './site.ts'

/** What a refresh may be late by before somebody must be told, and until when it must be. */
const gapMs = 2.5 * dayMs
const untilMs = 4 * dayMs

/** How long events are kept: a site that is away for longer is told that its cursor is too old. */
const keptDays = 30

const announcing = new Set(['item.stale', 'item.action_required', 'item.deleted'])

export interface Verdict {
  /** Rows of the bank's that are not booked, and booked ones that the bank has not, or not as often. */
  missing: string[]
  double: string[]
  /** Stretches of days without data of which no event told, as long as the site was there while it was kept. */
  unannounced: string[]
  /** Consents of people who click in time that ended all the same. */
  lapsed: string[]
}

export const spotless: Verdict = { missing: [], double: [], unannounced: [], lapsed: [] }

/** Compares a site's books with its bank, and its days without data with what it was told between `start` and `end`. */
export async function verdictOn(
  site: Site,
  { start, end }: { start: number; end: number },
): Promise<Omit<Verdict, 'lapsed'> & { rows: number; gaps: number }> {
  const keysOf = (rows: Awaited<ReturnType<Site['booked']>>): string[] =>
    rows.map(({ account, day, cents, text }) => [site.name, account, day, cents, text].join(' '))
  const inBank = keysOf(await site.inBank())
  const booked = keysOf(await site.booked())
  const told = await site.told()
  const unannounced: string[] = []
  let gaps = 0
  for (const [index, from] of site.successes.entries()) {
    const to = site.successes[index + 1] ?? end
    if (to - from < gapMs) continue
    gaps += 1
    const isTold = told.some(
      ({ type, at }) => announcing.has(type) && at > from && at < Math.min(to, from + untilMs),
    )
    const firstDay = Math.ceil((from - start) / dayMs)
    const days = Array.from({ length: keptDays }, (_, days) => firstDay + days)
    if (!isTold && !days.every(site.isAway))
      unannounced.push(`${site.name} ${isoDay(from)} to ${isoDay(to)}`)
  }
  return {
    missing: without(inBank, booked),
    double: without(booked, inBank),
    unannounced,
    rows: inBank.length,
    gaps,
  }
}

/** What stands in `all` more often than in `others`. */
function without(all: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>()
  for (const one of others) left.set(one, (left.get(one) ?? 0) + 1)
  return all.filter((one) => {
    const count = left.get(one) ?? 0
    left.set(one, count - 1)
    return count <= 0
  })
}
