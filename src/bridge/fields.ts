import { z } from 'zod'

/**
 * A field as Bridge documents it, which passes as it came, whatever it is: what nobody reads must not fail a whole list.
 * Its type is unknown, so that whoever does read it looks first.
 */
export const loosely = (documented: z.ZodType): z.ZodOptional<z.ZodUnknown> =>
  loose(documented).optional()

/** The same for a field that is never left out: null says that nothing came. */
export function loose(documented: z.ZodType): z.ZodUnknown {
  const { $schema: _version, ...described } = z.toJSONSchema(documented.nullable())
  return z.unknown().meta(described)
}

/** A number that Bridge names something with: below zero there is none, and no address that it could stand in. */
export const bridgeId = z.int().min(0)

/** The value when it is text, else null. */
export const toText = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** The value when it is a number as ids and statuses are, else null. */
export const toInteger = (value: unknown): number | null =>
  Number.isSafeInteger(value) ? (value as number) : null

/** The value when it has fields, else none. */
export const toFields = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null

const [earliest, latest] = [0, Date.UTC(10_000, 0)]

/** Epoch milliseconds of one of Bridge's times; null when there is none or it makes no sense. */
export function toTime(value: unknown): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : NaN
  // Far off are years that can no longer be reckoned with.
  return time >= earliest && time < latest ? time : null
}
