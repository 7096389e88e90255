import { dayMs } from '../durations.ts'

/** ISO 8601 with milliseconds, as Bridge prints most times. */
export const iso = (at: number): string => new Date(at).toISOString()

/** ISO 8601 to the second, as Bridge prints an item's times. */
export const isoSecond = (at: number): string => `${iso(at).slice(0, 19)}Z`

const dates = new Map<number, string>()

/** `yyyy-mm-dd` of a day counted from 1970. Remembered: a page of transactions asks for thousands. */
export function isoDate(number: number): string {
  let text = dates.get(number)
  if (text === undefined) {
    text = iso(number * dayMs).slice(0, 10)
    dates.set(number, text)
  }
  return text
}

/** The day, counted from 1970, that holds this moment in UTC. */
export const dayOf = (at: number): number => Math.floor(at / dayMs)
