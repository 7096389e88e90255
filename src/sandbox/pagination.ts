import { badParameter } from './problem.ts'
import type { Switches } from './switches.ts'

export type Query = Record<string, string | string[] | undefined>

export interface Page {
  limit: number
  after: string | undefined
}

/** The first value of a parameter; empty counts as absent. */
export function single(query: Query, name: string): string | undefined {
  const value = query[name]
  const first = Array.isArray(value) ? value[0] : value
  return first === '' ? undefined : first
}

/** All values of a parameter, whether repeated or separated by commas. */
export function several(query: Query, name: string): string[] {
  const value = query[name] ?? []
  return [value]
    .flat()
    .flatMap((one) => one.split(','))
    .filter((one) => one !== '')
}

/** An id in the query. Throws 400 on anything but digits. */
export function idParameter(query: Query, name: string): number | undefined {
  const text = single(query, name)
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw badParameter(name, `${name} is not an id`)
  return Number(text)
}

/** A time in ISO 8601, or a bare date; UTC without a zone. Throws 400 on anything else. */
export function moment(query: Query, name: string): number | undefined {
  const text = single(query, name)
  if (text === undefined) return undefined
  const zoned = /Z|[+-]\d\d:?\d\d$|^\d{4}-\d\d-\d\d$/i.test(text) ? text : `${text}Z`
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(zoned) : Number.NaN
  if (Number.isNaN(at)) throw badParameter(name, `${name} is not a time`)
  return at
}

/** `limit` (1–500, 50 without one) and the cursor, decoded. */
export function readPage(query: Query, set: Switches): Page {
  const cursor = single(query, 'after')
  return {
    limit: readLimit(single(query, 'limit') ?? '50', set),
    after: cursor === undefined ? undefined : decodeCursor(cursor),
  }
}

function readLimit(text: string, set: Switches): number {
  const limit = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (limit >= 1 && limit <= 500) return limit
  if (set.limitOutOfRange === 'clamped' && !Number.isNaN(limit)) return limit < 1 ? 1 : 500
  throw badParameter('limit', 'limit must be between 1 and 500')
}

function decodeCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64').toString('latin1')
  if (!/^[0-9.]+$/.test(text)) throw badParameter('after', 'after is not a cursor')
  return text
}

/** One page of `rows`, sorted by their key; the cursor is the last key in base64. */
export function pageOf<Row>(
  rows: readonly Row[],
  key: (row: Row) => number,
  page: Page,
): { rows: Row[]; next: string | undefined } {
  const after = page.after === undefined ? -Infinity : Number(page.after)
  if (Number.isNaN(after)) throw badParameter('after', 'after is not a cursor')
  const from = rows.findIndex((row) => key(row) > after)
  const taken = from === -1 ? [] : rows.slice(from, from + page.limit)
  const last = taken.at(-1)
  const more = last !== undefined && last !== rows.at(-1)
  return { rows: taken, next: more ? String(key(last)) : undefined }
}

/** Bridge, "Basics": `resources`, and a `next_uri` without host that repeats the other parameters. */
export function listBody(
  resources: readonly object[],
  next: string | undefined,
  request: { url: string; query: Query; limit: number },
  set: Switches,
): object {
  if (next !== undefined) {
    const path = request.url.split('?', 1)[0] ?? ''
    return { resources, pagination: { next_uri: `${path}?${nextQuery(next, request)}` } }
  }
  return { resources, ...lastPages[set.lastPage] }
}

const lastPages: Record<Switches['lastPage'], object> = {
  empty: { pagination: {} },
  absent: {},
  null: { pagination: { next_uri: null } },
  nullString: { pagination: { next_uri: 'null' } },
}

function nextQuery(next: string, request: { query: Query; limit: number }): string {
  const parameters = new URLSearchParams()
  parameters.set('after', Buffer.from(next, 'latin1').toString('base64'))
  parameters.set('limit', String(request.limit))
  for (const [name, value] of Object.entries(request.query)) {
    if (name === 'after' || name === 'limit') continue
    for (const one of [value ?? []].flat()) parameters.append(name, one)
  }
  return parameters.toString()
}
