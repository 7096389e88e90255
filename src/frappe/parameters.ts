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

/** As many as a call may have; no method has more than a few dozen. What costs by the field would else hold up everybody. */
export const mostFields = 1_000

const empty = (): Parameters => Object.create(null) as Parameters

/** What stands for the fields of a text that has too many of them. */
const unread: Parameters = Object.freeze(empty())

/**
 * Reads a query string or a urlencoded form: the first of two equal names wins, empty values stay,
 * and broken percent sequences or UTF-8 become replacement characters. Of more than `mostFields` it reads none, which
 * `mergeParameters` tells: never an error, for Fastify calls it where nobody catches.
 */
export function parseFields(text: string): Parameters {
  if (holdsMore(text, '&', mostFields - 1)) return unread
  const fields = empty()
  if (text === '') return fields
  for (const [name, value] of new URLSearchParams(text)) fields[name] ??= value
  return fields
}

/** Whether a mark stands in a text, or its bytes, more often than that. Looks no further than it must. */
export function holdsMore(text: string | Buffer, mark: string, most: number): boolean {
  let found = 0
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + mark.length)) {
    found += 1
    if (found > most) return true
  }
  return false
}

/**
 * One flat set, with Frappe's precedence (`make_form_dict`): JSON hides the query altogether, a
 * form's fields override it. A JSON list becomes `data`; other JSON is a ValidationError, and so are
 * too many fields.
 */
export function mergeParameters(query: Parameters, body: Body | undefined): Parameters {
  const isUnread = query === unread || (body && 'fields' in body && body.fields === unread)
  if (isUnread) throw tooManyFields()
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

export const tooManyFields = () => new ValidationError('too_many_fields', { most: mostFields })

function fromJson(json: unknown): Parameters {
  if (Array.isArray(json)) return Object.assign(empty(), { data: json as unknown })
  if (typeof json === 'object' && json !== null) return Object.assign(empty(), json)
  throw new ValidationError('arguments_unreadable')
}
