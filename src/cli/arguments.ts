import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { systemClock } from '../clock.ts'
import { readWebAddress } from '../connect/site-urls.ts'
import { dayMs, hourMs, minuteMs } from '../durations.ts'
import { isName, longestName } from '../names.ts'

/** A day, at its beginning in UTC, or a time that names its zone: without one it would be another time on each machine. */
const day = z.iso.date()
const minute = z.iso.datetime({ offset: true, precision: -1 })
const second = z.iso.datetime({ offset: true })
const dateOrTime = z.union([day, minute, second]).transform((text) => Date.parse(text))

/** A time in the one form that reads the same everywhere: 01/02/2027 would be a day in January or in February. */
export function dateArgument(text: string): number {
  const at = dateOrTime.safeParse(text).data
  if (at === undefined) {
    throw new InvalidArgumentError('Give a date such as 2027-01-31 or 2027-01-31T18:00Z.')
  }
  return at
}

/** The same, or so long ago: `90m`, `12h`, `3d`. */
export function pastArgument(text: string): number {
  const ms = lengthOf(text)
  const at = ms === undefined ? dateOrTime.safeParse(text).data : systemClock.now() - ms
  if (at === undefined) {
    throw new InvalidArgumentError(
      'Give a date such as 2027-01-31 or 2027-01-31T18:00Z, or how long ago: 12h, 3d.',
    )
  }
  return at
}

export function durationArgument(text: string): number {
  const ms = lengthOf(text)
  if (!ms) throw new InvalidArgumentError('Give a time such as 12h or 170d.')
  return ms
}

const units = { m: minuteMs, h: hourMs, d: dayMs }

function lengthOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * units[unit as keyof typeof units]
}

export function countArgument(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('Give a number from 1.')
  return count
}

/** A status, or all that begin alike: `404`, `4xx`. */
export function statusArgument(text: string): { from: number; until: number } {
  const [, digit, whole] = /^([1-5])(?:xx|(\d\d))$/i.exec(text) ?? []
  if (!digit) throw new InvalidArgumentError('Give a status such as 404, or 4xx.')
  const from = Number(digit) * 100 + Number(whole ?? 0)
  return { from, until: whole === undefined ? from + 100 : from + 1 }
}

/** The number that Bridge gave an item. */
export function itemArgument(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a number.')
  return Number(text)
}

export function addressArgument(text: string): URL {
  const url = readWebAddress(text)
  if (!url) throw new InvalidArgumentError('Give an http or https address without credentials.')
  return url
}

/**
 * The name of something new, or a label. What is only looked up takes any text instead: names that an older version stored
 * must stay reachable.
 */
export function newNameArgument(text: string): string {
  if (!isName(text)) {
    throw new InvalidArgumentError(
      `Give 1 to ${longestName} characters, without control or invisible ones and without outer spaces.`,
    )
  }
  return text
}
