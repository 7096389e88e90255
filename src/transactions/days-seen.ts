/** The days of the rows seen so far, for as long as they come newest first. */
interface DaysSeen {
  /** The date of each row, in their order. */
  add(dates: readonly (string | null | undefined)[]): void
  /**
   * The earliest day from which on there are at most so many rows. Undefined when none is known: Bridge promises no order,
   * so only rows that have come newest first tell that no newer ones follow, and the last day may go on.
   */
  from(limit: number): string | undefined
}

const isDay = (date: string | null | undefined): date is string =>
  /^\d{4}-\d{2}-\d{2}$/.test(date ?? '')

export function createDaysSeen(): DaysSeen {
  const counts = new Map<string, number>() // newest first
  let last: string | undefined
  let ordered = true
  return {
    add(dates) {
      for (const date of dates) {
        ordered &&= isDay(date) && (last === undefined || date <= last)
        if (!ordered || !isDay(date)) return
        counts.set(date, (counts.get(date) ?? 0) + 1)
        last = date
      }
    },
    from(limit) {
      if (!ordered) return undefined
      let first: string | undefined
      let sum = 0
      for (const [day, count] of counts) {
        sum += count
        if (day === last || sum > limit) break
        first = day
      }
      return first
    },
  }
}
