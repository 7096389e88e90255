import { z } from 'zod'
import { ValidationError } from '../errors.ts'
import { isName, longestName } from '../names.ts'

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

/** What an argument can be refused for, besides what zod's own rules say. */
const reasons = [
  'whole_number', 'too_large', 'text', 'name', 'date', 'month', 'email', 'yes_or_no', 'types',
] as const // prettier-ignore

type Reason = (typeof reasons)[number]

/** Names why a schema refuses. It stands in the place of zod's message, the only thing that zod passes on of a refusal. */
export const reason = (name: Reason): Reason => name

/** What an argument is refused with, for an issue that its schema raised by a `reason` or by zod's own rules. */
export function invalidArgument(name: string, issue: z.core.$ZodIssue): ValidationError {
  const known = reasons.find((each) => each === issue.message)
  if (known === 'too_large') return tooLarge(name, Number.MAX_SAFE_INTEGER)
  if (known === 'yes_or_no') return noneOf(name, yesOrNoWords)
  if (known !== undefined) return new ValidationError(`argument_invalid.${known}`, { name })
  if (issue.code === 'too_big' && issue.origin === 'string') {
    return new ValidationError('argument_invalid.length', { name, max: Number(issue.maximum) })
  }
  if (issue.code === 'too_big' && issue.origin === 'number') {
    return tooLarge(name, Number(issue.maximum))
  }
  if (issue.code === 'invalid_value') return noneOf(name, issue.values)
  const isText = issue.code === 'invalid_type' && issue.expected === 'string'
  return new ValidationError(isText ? 'argument_invalid.text' : 'argument_invalid', { name })
}

const tooLarge = (name: string, max: number) =>
  new ValidationError('argument_invalid.most', { name, max })

const noneOf = (name: string, options: readonly unknown[]) =>
  new ValidationError('argument_invalid.option', { name, options: options.join(', ') })

const positive = reason('whole_number')

/** A number beyond what JSON's hold for certain is whole and positive all the same. */
const whyNoNumber = ({ input }: { input?: unknown }): Reason => {
  const isWhole =
    typeof input === 'string'
      ? /^[0-9]+$/.test(input)
      : typeof input === 'number' && Number.isInteger(input)
  return isWhole && Number(input) > Number.MAX_SAFE_INTEGER ? reason('too_large') : positive
}

/** A numeric id, as a number or as a string of digits. `''`, `null`, `true` and `1.5` are refused. */
export const identifier = z.union(
  [
    z.int({ error: whyNoNumber }).positive(positive),
    z
      .string()
      .regex(/^[0-9]{1,16}$/, positive)
      .transform(Number)
      .pipe(z.int(positive).positive(positive)),
  ],
  { error: whyNoNumber },
)

/** A non-empty text of at most `max` characters, trimmed. Numbers become text: clients send `12` for `"12"`. */
export const text = (max = longestName) => {
  const expected = reason('text')
  return z
    .union([z.string(), z.number().transform(String)], { error: expected })
    .pipe(z.string().trim().min(1, expected).max(max))
}

/** As `text`, but may be left out, empty, blank or null: then undefined. */
export const optionalText = (max = longestName) => optional(text(max))

/** As `optionalText`, for what is kept and shown to people as it came: a bank's name. */
export const optionalName = optional(text().refine(isName, reason('name')))

const yesOrNoWords = ['0', '1', 'false', 'true'] as const

/** Yes or no as clients of either kind say it: JSON has a word for it, a form a digit, and Python writes `True` there. */
export const yesOrNo = z
  .union(
    [z.boolean(), z.literal([0, 1]), z.string().toLowerCase().pipe(z.enum(yesOrNoWords))],
    reason('yes_or_no'),
  )
  .transform((value) => value === true || value === 1 || value === '1' || value === 'true')
