import { z } from 'zod'
import type { TransactionFilter } from '../../bridge/resources/transactions.ts'
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

/** Bridge's filter for a caller's range; times without a zone are the site's. */
export function toFilter(range: Range, timeZone: string): TransactionFilter {
  const { since, until, min_date: minDate, max_date: maxDate } = range
  return {
    ...(since !== undefined && { since: bridgeSince(toInstant('since', since, timeZone)) }),
    ...(until !== undefined && {
      until: new Date(toInstant('until', until, timeZone)).toISOString(),
    }),
    minDate,
    maxDate,
  }
}
