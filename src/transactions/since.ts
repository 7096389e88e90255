import { Temporal } from 'temporal-polyfill'
import { ValidationError } from '../errors.ts'

/**
 * The instant a caller means by `since` or `until`: a date or a datetime, in the site's time zone unless it names its own.
 * Of an hour that the clock repeats, the earlier. Epoch milliseconds; throws a ValidationError that names the argument.
 */
export function toInstant(argument: string, text: string, timeZone: string): number {
  const at = readInstant(text.trim().replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T'), timeZone)
  if (at !== undefined && at >= earliest && at < latest) return at
  throw new ValidationError('argument_invalid.time', { name: argument })
}

// Far from the years that ISO writes with a sign, whatever the zone: Bridge would not read those.
const earliest = Date.UTC(1900, 0, 1)
const latest = Date.UTC(9999, 0, 1)

function readInstant(written: string, timeZone: string): number | undefined {
  if (written.includes('[')) return undefined // Temporal passes over what RFC 9557 puts in brackets
  try {
    if (/T.*(?:Z|[+-]\d{2}(?::?\d{2})?)$/i.test(written)) {
      return Temporal.Instant.from(written).epochMilliseconds
    }
    return Temporal.PlainDateTime.from(written, { overflow: 'reject' }).toZonedDateTime(timeZone, {
      disambiguation: 'earlier',
    }).epochMilliseconds
  } catch {
    return undefined
  }
}

/** Bridge's `since` for an instant: its bound is strict, so one second earlier loses nothing. */
export const bridgeSince = (instant: number): string => new Date(instant - 1_000).toISOString()

/** A time as Frappe writes it in a document: the site's own clock, without a zone. */
export function toFrappeDatetime(at: number, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone)
  return local.toPlainDateTime().toString({ smallestUnit: 'second' }).replace('T', ' ')
}
