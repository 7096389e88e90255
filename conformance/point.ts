import type { Bridge } from './bridge.ts'

/** What became of one point. The words hold statuses, codes, names of fields and counts: nothing of a bank or a person. */
export type Finding =
  | { is: 'verified' }
  | { is: 'different'; how: string }
  | { is: 'not testable'; why: string }

/** One thing that Bridge's documentation leaves open, or that everything here rests on. */
export interface Point {
  id: string
  /** What we go by, as a sentence about Bridge. */
  assumed: string
  /** The sandbox's switch for it, or switches. */
  switches?: readonly string[]
  /** Whether it takes many seconds by the machine's clock. */
  isSlow?: boolean
  /** Why no program can tell. */
  outOfReach?: string
  /** Resolves with what is different, or with nothing. Throws a NotTestableError where it cannot tell. */
  check(bridge: Bridge): Promise<string | undefined>
}

/** It cannot be told here; the message says why. */
export class NotTestableError extends Error {
  override name = 'NotTestableError'
}

/** A point that no program can tell, and why. */
export const untestable = (id: string, assumed: string, why: string): Point => ({
  id,
  assumed,
  outOfReach: why,
  check: () => Promise.reject(new NotTestableError(why)),
})

/** Nothing when `is` is one of the `expected`, else what it is. */
export const unless = (expected: readonly unknown[], is: unknown, what: string) =>
  expected.includes(is) ? undefined : `${what}: ${word(is)}`

/** A value that may stand in a report: a number, a yes or no, a machine's word; anything else only as what it is. */
export function word(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (typeof value === 'string') return /^[a-z][a-z_.]{0,40}$/i.test(value) ? value : 'some text'
  return Array.isArray(value) ? 'a list' : `an object of ${namesOf(value)}`
}

/** The names of an object's fields. */
export const namesOf = (value: unknown): string =>
  Object.keys(value ?? {})
    .map(word)
    .toSorted()
    .join(', ') || 'no fields'
