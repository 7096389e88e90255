import { ValidationError } from '../errors.ts'

/** Names and values from outside. Made without a prototype, so `__proto__` and `constructor` are inert. */
export type Parameters = Record<string, unknown>

/** A body as it was read: JSON of any kind, or the fields of a form. */
export type Body = { readonly json: unknown } | { readonly fields: Parameters }

/** What Frappe or we read ourselves, and no method ever sees. */
const reserved = new Set([
  '_', // jQuery's cache buster
  'csrf_token',
  'cmd',
  'sid',
  '_lang',
  'flags',
  'ignore_permissions',
  'api_secret',
  '__proto__',
])

const empty = (): Parameters => Object.create(null) as Parameters

/**
 * Reads a query string or a urlencoded form: the first of two equal names wins, empty values stay,
 * and broken percent sequences or UTF-8 become replacement characters, never an error.
 */
export function parseFields(text: string): Parameters {
  const fields = empty()
  if (text === '') return fields
  for (const [name, value] of new URLSearchParams(text)) fields[name] ??= value
  return fields
}

/**
 * One flat set, with Frappe's precedence (`make_form_dict`): JSON hides the query altogether, a
 * form's fields override it. A JSON list becomes `data`; other JSON is a ValidationError.
 */
export function mergeParameters(query: Parameters, body: Body | undefined): Parameters {
  if (body === undefined) return query
  if ('fields' in body) return Object.assign(empty(), query, body.fields)
  return fromJson(body.json)
}

/** What of the body may hold credentials: its own fields, never the query's. */
export function bodyParameters(body: Body | undefined): Parameters {
  return mergeParameters(empty(), body)
}

/**
 * What a method may see: everything but the names that Frappe or we keep for ourselves. A key beside its secret is the caller's;
 * alone it is one that a method is asked about.
 */
export function toArguments(parameters: Parameters): Parameters {
  const seen = empty()
  const hasSecret = 'api_secret' in parameters
  for (const name of Object.keys(parameters)) {
    const isOurs = reserved.has(name) || (name === 'api_key' && hasSecret)
    if (!isOurs) seen[name] = parameters[name]
  }
  return seen
}

function fromJson(json: unknown): Parameters {
  if (Array.isArray(json)) return Object.assign(empty(), { data: json as unknown })
  if (typeof json === 'object' && json !== null) return Object.assign(empty(), json)
  throw new ValidationError('arguments_unreadable')
}
