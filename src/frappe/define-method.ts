import type { z } from 'zod'
import { ValidationError } from '../errors.ts'
import type { JsonBytes } from '../json-bytes.ts'
import { invalidArgument } from './arguments.ts'

/** What a method may use, until it has answered or failed. */
export interface Releasable {
  release(): void
}

/**
 * What a method does, and so with which verbs it is described: GET and POST, POST alone, or POST and DELETE. What reveals a
 * secret only reads, and is all the same closed to whoever may only read.
 */
export type Effect = 'reads' | 'reveals' | 'changes' | 'deletes'

/** All that a method promises whoever calls it. The API's description and the tables of the guides are made from it. */
export interface Contract {
  /** The dotted name after `/api/method/`. */
  readonly name: string
  /** What it is about: methods of one tag stand together. */
  readonly tag: string
  /** One sentence. */
  readonly summary: string
  readonly effect: Effect
  /** Open to callers without credentials. */
  readonly guest: boolean
  /** Each argument has a description and an example. */
  readonly params: z.ZodObject
  /** What it answers, in its usual form. */
  readonly result: z.ZodType
  /** What it answers, where that differs, to who asks for Bridge's older objects. */
  readonly older?: z.ZodType | undefined
  /** What its answers say in headers besides. */
  readonly headers?: Readonly<Record<string, z.ZodType>> | undefined
  /** Arguments of a call that a newcomer can make. */
  readonly example: object
}

/** One method of the RPC surface, its generics hidden so that a list of them needs no `any`. */
export interface RpcMethod<Context> extends Contract {
  /** What it answers in the form that this caller wants. */
  resultFor(context: Context): z.ZodType
  /** Parses `input` with `params`, tells `onParsed`, and runs the method; throws a ValidationError. */
  handle(context: Context, input: unknown, onParsed?: (args: unknown) => void): Promise<unknown>
}

/** An answer that has several forms: the usual one, and the one that the caller of a call wants. */
export interface Forms<Context, Answer> {
  readonly usual: z.ZodType
  readonly older?: z.ZodType
  wanted(context: Context): z.ZodType<unknown, Answer>
}

/** What an author writes: `params`, `result` and `run` are held against each other. */
interface MethodSpec<Context, Params extends z.ZodObject, Answer> {
  name: string
  tag: string
  summary: string
  effect: Effect
  params: Params
  result: z.ZodType<unknown, Answer> | Forms<Context, Answer>
  headers?: Readonly<Record<string, z.ZodType>>
  example: z.input<Params>
  run(context: Context, params: z.output<Params>): Promise<NoInfer<Answer> | JsonBytes>
}

/** Fixes the context once, so that the protocol room need not know what a method may use. */
export const methodsWith =
  <Context>() =>
  <Params extends z.ZodObject, Answer>({
    result,
    run,
    ...spec
  }: MethodSpec<Context, Params, Answer>): RpcMethod<Context> => ({
    ...spec,
    guest: false,
    result: 'wanted' in result ? result.usual : result,
    older: 'wanted' in result ? result.older : undefined,
    resultFor: (context) => ('wanted' in result ? result.wanted(context) : result),
    async handle(context, input, onParsed) {
      const args = parseArguments(spec.params, input)
      onParsed?.(args)
      return run(context, args)
    },
  })

/** Parses a call's arguments. Throws a ValidationError naming the first that is missing or bad. */
export function parseArguments<Params extends z.ZodType>(
  params: Params,
  input: unknown,
): z.output<Params> {
  const parsed = params.safeParse(input)
  if (parsed.success) return parsed.data

  const [issue] = parsed.error.issues
  if (!issue || issue.path.length === 0) throw new ValidationError('arguments_unreadable')
  const name = issue.path.map(String).join('.')
  if (isMissing(input, issue.path)) throw new ValidationError('argument_required', { name })
  throw invalidArgument(name, issue)
}

/** Forms send an empty field and JSON clients null for "not given"; both count as missing. */
function isMissing(input: unknown, path: readonly PropertyKey[]): boolean {
  let value = input
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return value === undefined || value === null || (typeof value === 'string' && !value.trim())
}
