import { z } from 'zod'

export type Json = Record<string, unknown>

/** Writes what zod schemas say as OpenAPI 3.1 has it. */
export interface Writer {
  /** What several places name: schemas that have an id, and headers. */
  readonly components: { readonly schemas: Json; readonly headers: Json }
  /** `io`: as it is given to us, or as it is answered. */
  schema(schema: z.ZodType, io?: 'input' | 'output'): Json
  /** The headers of an answer. A name means the same in each. */
  headers(headers: Headers): Json
}

export type Headers = Readonly<Record<string, z.ZodType>>

export function createWriter(): Writer {
  const schemas: Json = {}
  const headers: Json = {}
  const schema: Writer['schema'] = (given, io = 'output') => {
    const options = { io, unrepresentable: 'any' } as const
    const { $schema: _version, $defs = {}, ...rest } = z.toJSONSchema(given, options)
    for (const [id, named] of Object.entries($defs)) schemas[id] = inOpenApi(named)
    return inOpenApi(rest)
  }
  return {
    components: { schemas, headers },
    schema,
    headers(given) {
      for (const [name, one] of Object.entries(given)) headers[name] = describedApart(schema(one))
      const names = Object.keys(given)
      return Object.fromEntries(
        names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
      )
    },
  }
}

/** OpenAPI wants what a header or a parameter is beside its schema, not in it. */
export const describedApart = ({ description = '', examples: _examples, ...schema }: Json) => ({
  description: description as string,
  schema,
})

const inOpenApi = (schema: Json): Json =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key === '$ref') return String(value).replace('#/$defs/', '#/components/schemas/')
    return isObject(value) ? plainly(value) : value
  }) as Json

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Without what zod adds for JavaScript: a format's pattern, and the bounds of what it counts exactly; that a number passes 32
 * bits, others have to hear.
 */
function plainly({ pattern, minimum, maximum, ...schema }: Json): Json {
  const isLong = maximum === Number.MAX_SAFE_INTEGER
  return {
    ...schema,
    ...(pattern !== undefined && !('format' in schema) && { pattern }),
    ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum }),
    ...(isLong && { format: 'int64' }),
    ...(maximum !== undefined && !isLong && { maximum }),
  }
}
