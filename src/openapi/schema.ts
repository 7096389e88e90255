import { z } from 'zod'

export type Json = Record<string, unknown>

/** Writes zod schemas as OpenAPI 3.1 has them; those with an id are written once, into `components`. */
export interface SchemaWriter {
  readonly components: Readonly<Record<string, Json>>
  /** `io`: as it is given to us, or as it is answered. */
  write(schema: z.ZodType, io?: 'input' | 'output'): Json
}

export function createSchemaWriter(): SchemaWriter {
  const components: Record<string, Json> = {}
  return {
    components,
    write(schema, io = 'output') {
      const {
        $schema: _version,
        $defs = {},
        ...rest
      } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
      for (const [id, named] of Object.entries($defs)) components[id] = inOpenApi(named)
      return inOpenApi(rest)
    },
  }
}

const inOpenApi = (schema: Json): Json =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key === '$ref') return String(value).replace('#/$defs/', '#/components/schemas/')
    return isWhole(value) ? asLong(value) : value
  }) as Json

/** zod bounds whole numbers by what JavaScript counts exactly; others need to hear that they pass 32 bits. */
const isWhole = (value: unknown): value is Json & { minimum?: number; maximum?: number } =>
  typeof value === 'object' &&
  value !== null &&
  'maximum' in value &&
  value.maximum === Number.MAX_SAFE_INTEGER

function asLong({ minimum, maximum: _bound, ...schema }: Json & { minimum?: number }): Json {
  const isBounded = minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER
  return { ...schema, ...(isBounded && { minimum }), format: 'int64' }
}
