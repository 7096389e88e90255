import type { z } from 'zod'
import { MandatoryError, ValidationError } from '../errors.ts'

/** What a method may use, until it has answered or failed. */
export interface Releasable {
  release(): void
}

/** One method of the RPC surface, its generics hidden so that a list of them needs no `any`. */
export interface RpcMethod<Context> {
  /** The dotted name after `/api/method/`. */
  readonly name: string
  readonly params: z.ZodType
  /** What it answers; checked by the plugin when `checkResults` is on. */
  readonly result: z.ZodType | undefined
  /** Open to callers without credentials. */
  readonly guest: boolean
  /** Parses `input` with `params`, tells `onParsed`, and runs the method; throws MandatoryError or ValidationError. */
  handle(context: Context, input: unknown, onParsed?: (args: unknown) => void): Promise<unknown>
}

/** What an author writes: `params` and `run` are inferred from each other. */
export interface MethodSpec<Context, Params extends z.ZodType, Result> {
  name: string
  params: Params
  result?: z.ZodType<Result>
  guest?: boolean
  run(context: Context, params: z.output<Params>): Promise<Result>
}

/** Fixes the context once, so that the protocol room need not know what a method may use. */
export const methodsWith =
  <Context>() =>
  <Params extends z.ZodType, Result>(
    spec: MethodSpec<Context, Params, Result>,
  ): RpcMethod<Context> => ({
    name: spec.name,
    params: spec.params,
    result: spec.result,
    guest: spec.guest ?? false,
    async handle(context, input, onParsed) {
      const args = parseArguments(spec.params, input)
      onParsed?.(args)
      return spec.run(context, args)
    },
  })

/** Parses a call's arguments. Throws MandatoryError or ValidationError naming the first bad one. */
export function parseArguments<Params extends z.ZodType>(
  params: Params,
  input: unknown,
): z.output<Params> {
  const parsed = params.safeParse(input)
  if (parsed.success) return parsed.data

  const [issue] = parsed.error.issues
  if (!issue || issue.path.length === 0) {
    throw new ValidationError(issue?.message ?? 'Invalid request arguments')
  }
  const name = issue.path.map(String).join('.')
  if (isMissing(input, issue.path)) throw new MandatoryError(`Argument '${name}' is required`)
  throw new ValidationError(`Argument '${name}' is not valid: ${issue.message}`)
}

/** Forms send an empty field and JSON clients null for "not given"; both count as missing. */
function isMissing(input: unknown, path: readonly PropertyKey[]): boolean {
  let value = input
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return value === undefined || value === null || (typeof value === 'string' && !value.trim())
}
