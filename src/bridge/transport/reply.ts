import { z } from 'zod'
import { BridgeSchemaError, type Where } from '../bridge-errors.ts'

/** The JSON of a 2xx answer. Throws `BridgeSchemaError`, which never quotes it, for another shape. */
export function readReply<S extends z.ZodType>(
  bytes: Buffer,
  schema: S,
  { method, route }: Where,
): z.output<S> {
  if (bytes.length === 0) throw new BridgeSchemaError(`${method} ${route}: empty body`)
  return check(schema, parseJson(bytes, `${method} ${route}`), `${method} ${route}`)
}

/**
 * The value itself, once it has the shape: not zod's copy, which puts unknown fields last. Schemas
 * used here therefore only check and never transform.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return value as z.output<S>
  const [issue] = result.error.issues
  const path = issue?.path.join('.') || '(root)'
  throw new BridgeSchemaError(`${where}: ${path} ${issue?.code ?? ''}`)
}

function parseJson(bytes: Buffer, where: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    // The parser's message quotes the text, which may be someone's account: it is not passed on.
    throw new BridgeSchemaError(`${where}: ${bytes.length} bytes that are not JSON`)
  }
}

const short = z.string().regex(/^[\w.[\]-]{1,80}$/)

const problem = z.object({
  code: short.optional().catch(undefined),
  type: short.optional().catch(undefined),
  property: short.optional().catch(undefined),
})

/**
 * What an error body names: `{ code, property }` as documented, the same inside `errors`, or the
 * `{ type }` of 2021. An unreadable body names nothing. Bridge's own message is left out, as it may
 * quote what was sent.
 */
export function readProblem(bytes: Buffer | undefined): {
  code?: string | undefined
  property?: string | undefined
} {
  try {
    const body: unknown = JSON.parse(bytes?.toString('utf8') ?? '')
    const wrapped = z.object({ errors: z.array(z.unknown()).min(1) }).safeParse(body)
    const { code, type, property } = problem.parse(wrapped.success ? wrapped.data.errors[0] : body)
    return { code: code ?? type, property }
  } catch {
    return {}
  }
}
