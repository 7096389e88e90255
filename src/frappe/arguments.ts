import { z } from 'zod'
import { isName, longestName, nameRule } from '../names.ts'

const isBlank = (value: unknown) =>
  value === null || (typeof value === 'string' && value.trim() === '')

/** Lets an argument be left out: blank text (an empty form field) and `null` count as not given. What is said of it stays. */
export const optional = <Inner extends z.ZodType>(inner: Inner) =>
  z
    .preprocess((value) => (isBlank(value) ? undefined : value), inner.optional())
    .meta({ ...inner.meta() })

/** Says what an argument is, with an example: what it is called by means the same in every method. */
export const described = <Argument extends z.ZodType>(
  argument: Argument,
  description: string,
  example: string | number,
) => argument.meta({ description, examples: [example] })

const positive = 'expected a positive whole number'

/** A numeric id, as a number or as a string of digits. `''`, `null`, `true` and `1.5` are refused. */
export const identifier = z.union(
  [
    z.int(positive).positive(positive),
    z
      .string()
      .regex(/^[0-9]{1,16}$/, positive)
      .transform(Number)
      .pipe(z.int(positive).positive(positive)),
  ],
  { error: positive },
)

/** A non-empty text of at most `max` characters, trimmed. Numbers become text: clients send `12` for `"12"`. */
export const text = (max = longestName) => {
  const length = `expected at most ${max} characters`
  return z
    .union([z.string(), z.number().transform(String)], { error: 'expected a text' })
    .pipe(z.string().trim().min(1, 'expected a text').max(max, length))
}

/** As `text`, but may be left out, empty, blank or null: then undefined. */
export const optionalText = (max = longestName) => optional(text(max))

/** As `optionalText`, for what is kept and shown to people as it came: a bank's name. */
export const optionalName = optional(text().refine(isName, nameRule))
