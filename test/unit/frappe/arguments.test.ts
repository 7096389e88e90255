import { expect, test } from 'vitest'
import { z } from 'zod'
import { ValidationError } from '../../../src/errors.ts'
import { identifier, optional, optionalText, text } from '../../../src/frappe/arguments.ts'
import { methodsWith, parseArguments } from '../../../src/frappe/define-method.ts'
import { untold } from '../../support/untold.ts'

test.each([1, 7654321, '1', '0042', '7654321', Number.MAX_SAFE_INTEGER])(
  '%j is an identifier',
  (value) => {
    expect(identifier.parse(value)).toBe(Number(value))
  },
)

const noNumbers: unknown[] = [
  0,
  -1,
  1.5,
  2 ** 53,
  NaN,
  Infinity,
  true,
  false,
  null,
  undefined,
  [],
  [1],
  {},
  { toString: 1, valueOf: 1 },
]
const noDigits = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  '1e3',
  '0x10',
  ' 1',
  '9007199254740993',
  '1'.repeat(99),
  '1'.padStart(17, '0'),
]

test.each([...noNumbers, ...noDigits])('%j is no identifier', (value) => {
  expect(identifier.safeParse(value).success).toBe(false)
})

test.each([
  ['  a b ', 'a b'],
  [12, '12'],
  ['x'.repeat(10), 'x'.repeat(10)],
])('%j is a text', (value, expected) => {
  expect(text(10).parse(value)).toBe(expected)
})

test.each(['', '  ', 'x'.repeat(11), null, undefined, true, [], {}])('%j is no text', (value) => {
  expect(text(10).safeParse(value).success).toBe(false)
})

test.each([undefined, null, '', '  '])('%j leaves an optional argument out', (value) => {
  expect(optionalText().parse(value)).toBeUndefined()
  expect(optional(identifier).parse(value)).toBeUndefined()
})

const params = z.object({
  item_id: identifier,
  user: optionalText(5),
  kind: optional(z.enum(['a', 'b'])),
})

test('arguments are parsed, unknown ones dropped, absent ones left out', () => {
  expect(parseArguments(params, { item_id: '7', other: 1 })).toEqual({ item_id: 7 })
})

test.each([undefined, null, '', ' '])('a required argument that is %j is missing', (item_id) => {
  const parse = () => parseArguments(params, { item_id })

  expect(parse).toThrow(new ValidationError('argument_required', { name: 'item_id' }))
})

test.each([
  [{ item_id: 'x' }, "Argument 'item_id' is not valid: expected a positive whole number"],
  [{ item_id: -1 }, "Argument 'item_id' is not valid: expected a positive whole number"],
  [
    { item_id: '9'.repeat(23) },
    "Argument 'item_id' is not valid: expected at most 9007199254740991",
  ],
  [{ item_id: 2 ** 60 }, "Argument 'item_id' is not valid: expected at most 9007199254740991"],
  [
    { item_id: '0'.repeat(23) },
    "Argument 'item_id' is not valid: expected a positive whole number",
  ],
  [{ item_id: 1, kind: 'c' }, "Argument 'kind' is not valid: expected one of a, b"],
  [{ item_id: 1, user: 'too long' }, "Argument 'user' is not valid: expected at most 5 characters"],
  [{ item_id: 1, user: {} }, "Argument 'user' is not valid: expected a text"],
])('%j is refused by the name of the argument', (input, expected) => {
  const parse = () => parseArguments(params, input)

  expect(parse).toThrow(ValidationError)
  expect(parse).toThrow(expected)
})

test('a rule over all arguments names none of them', () => {
  const either = params.refine(() => false)

  expect(() => parseArguments(either, { item_id: 1 })).toThrow(
    new ValidationError('arguments_unreadable'),
  )
})

test('a method is run with its context and its parsed arguments', async () => {
  const method = methodsWith<{ base: number }>()({
    ...untold,
    name: 'app.module.add',
    params: z.object({ to: identifier }),
    run: async ({ base }, { to }) => base + to,
  })

  await expect(method.handle({ base: 1 }, { to: '2' })).resolves.toBe(3)
  await expect(method.handle({ base: 1 }, {})).rejects.toThrow('is required')
})

test('whoever listens hears the checked arguments, and nothing of those that were refused', async () => {
  const method = methodsWith<object>()({
    ...untold,
    name: 'app.module.show',
    params: z.object({ to: identifier }),
    run: async (_context, { to }) => to,
  })
  const heard: unknown[] = []
  const hear = (args: unknown): void => void heard.push(args)

  await method.handle({}, { to: '2', more: 3 }, hear)
  await expect(method.handle({}, { to: {} }, hear)).rejects.toThrow(ValidationError)

  expect(heard).toEqual([{ to: 2 }])
})

test('a method that says nothing of its answer, or answers something else, does not compile', () => {
  const define = methodsWith<object>()
  const { result: _, ...said } = { ...untold, name: 'app.module.show', params: z.object({}) }
  const run = async () => 1

  const fitting = () => define({ ...said, run, result: z.int() })
  // @ts-expect-error -- it has no result
  const silent = () => define({ ...said, run })
  // @ts-expect-error -- it answers a number
  const other = () => define({ ...said, run, result: z.string() })

  expect(fitting).not.toThrow()
  expect(silent).toThrow()
  expect(other).not.toThrow() // nothing but the compiler knows
})
