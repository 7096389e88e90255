import { z } from 'zod'
import type { TransactionFilter } from '../../bridge/resources/transactions.ts'
import { dayMs } from '../../durations.ts'
import { ValidationError } from '../../errors.ts'
import { described, optional, optionalText, reason } from '../../frappe/arguments.ts'
import { bridgeSince, toInstant } from '../../transactions/since.ts'
import { lang, site, user } from './shared-arguments.ts'

const day = optional(z.iso.date(reason('date')))

/** What both transaction methods take besides their ids. */
export const transactionArguments = {
  since: described(
    optionalText(),
    "What changed since then: a date, or a datetime, in the site's time zone unless it names one. Deleted rows come too, with `deleted`.",
    '2026-01-31',
  ),
  until: described(optionalText(), 'What changed before then; read as `since` is.', '2026-12-31'),
  min_date: described(day, 'Transactions of that day or later.', '2026-01-01'),
  max_date: described(day, 'Transactions of that day or earlier.', '2026-12-31'),
  lang,
  user,
  site,
}

interface Range {
  since?: string | undefined
  until?: string | undefined
  min_date?: string | undefined
  max_date?: string | undefined
}

/**
 * Bridge's filter for a caller's range; times without a zone are the site's. Throws a ValidationError when a bound lies more
 * than a day behind the other: Bridge would answer an empty list, which reads as if there were no transactions. From tomorrow
 * to today, as whoever goes on after the last row may ask, there are none.
 */
export function toFilter(range: Range, timeZone: string): TransactionFilter {
  const { min_date: minDate, max_date: maxDate } = range
  const instant = (name: 'since' | 'until') =>
    range[name] === undefined ? undefined : toInstant(name, range[name], timeZone)
  const since = instant('since')
  const until = instant('until')
  holdOrder('since', since, 'until', until)
  holdOrder('min_date', toDay(minDate), 'max_date', toDay(maxDate))
  return {
    ...(since !== undefined && { since: bridgeSince(since) }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
    minDate,
    maxDate,
  }
}

const toDay = (date: string | undefined): number | undefined =>
  date === undefined ? undefined : Date.parse(date)

function holdOrder(
  name: string,
  from: number | undefined,
  last: string,
  to: number | undefined,
): void {
  if (from !== undefined && to !== undefined && from > to + dayMs) {
    throw new ValidationError('argument_invalid.order', { name, last })
  }
}
