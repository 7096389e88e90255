import type { Json } from '../schema.ts'

/** A field of a JSON body, named by the way to it: `message[].balance`. */
interface Field {
  path: string
  /** In JSON Schema's words, or the values that it may have. */
  type: string
  description: string
}

/** All fields of a body, outer ones first; where it has several shapes, those of each. */
export function fieldsOf(body: Json, components: Json): Field[] {
  const found = new Map<string, Field>()
  const add = (field: Field): void => {
    const known = found.get(field.path)
    const types = new Set([...(known?.type.split(' | ') ?? []), ...field.type.split(' | ')])
    found.set(field.path, { ...field, ...known, type: [...types].join(' | ') })
  }
  const walk = (given: Json, path: string): void => {
    for (const shape of shapesOf(given, components)) {
      for (const [name, one] of Object.entries((shape['properties'] ?? {}) as Json)) {
        const inner = one as Json
        const way = path === '' ? name : `${path}.${name}`
        const description = (inner['description'] as string | undefined) ?? ''
        add({ path: way, type: typeOf(inner, components), description })
        walk(inner, way)
      }
      if (shape['items'] !== undefined) walk(shape['items'] as Json, `${path}[]`)
    }
  }
  walk(body, '')
  return [...found.values()]
}

/** What a value may be: one schema, or each of several, with no names left in it. */
function shapesOf(schema: Json, components: Json): Json[] {
  const { $ref, anyOf } = schema as { $ref?: string; anyOf?: Json[] }
  if ($ref !== undefined) return shapesOf(components[$ref.split('/').at(-1)!] as Json, components)
  return anyOf?.flatMap((one) => shapesOf(one, components)) ?? [schema]
}

function typeOf(schema: Json, components: Json): string {
  const words = shapesOf(schema, components).flatMap(
    ({ type, enum: values, const: only, items }) => {
      if (only !== undefined) return [inText(only)]
      if (Array.isArray(values)) return values.map(inText)
      if (type === 'array') return [`array of ${typeOf((items ?? {}) as Json, components)}`]
      return [type ?? 'any'].flat().map(inText)
    },
  )
  return [...new Set(words)].join(' | ')
}

const inText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)
