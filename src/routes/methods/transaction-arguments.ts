import { z } from 'zod'
import type { TransactionFilter } from '../../bridge/resources/transactions.ts'
import { optional, optionalText } from '../../frappe/arguments.ts'
import { bridgeSince, toInstant } from '../../transactions/since.ts'

const day = optional(z.iso.date('expected a date, as 2026-01-31'))

/** What both transaction methods take besides their ids. */
export const transactionArguments = {
  since: optionalText(),
  until: optionalText(),
  min_date: day,
  max_date: day,
  lang: optionalText(),
  user: optionalText(),
  site: optionalText(),
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
