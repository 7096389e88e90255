import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import {
  eventStates,
  type CallFilter,
  type EventFilter,
  type ListedCall,
  type EventCursor,
  type ListedEvent,
} from '../../db/ports/history.ts'
import type { Store } from '../../db/store.ts'
import { hourMs } from '../../durations.ts'
import { wholeMethod } from '../../explain/call-verdict.ts'

const rowsPerPage = 40
/** What is read of calls for a page of them, where many alike are one row. */
const callsPerPage = 400

/** How far back a list looks, in hours. */
export const periods = [1, 24, 168, 720] as const
/** Answers that begin with this digit. */
export const statusClasses = ['2', '4', '5'] as const

const word = z.string().trim().max(140).catch('')
const hours = z.coerce.number().pipe(z.literal(periods)).catch(720)

/** What an address says of where a list goes on. */
export const cursor = z
  .string()
  .regex(/^\d{1,15}\.\d{1,15}$/)
  .catch('')

/** What a list of events is asked for; what is nonsense is not asked. */
const eventQuery = z.object({
  site: word,
  type: word,
  state: z.enum(['', ...eventStates]).catch(''),
  hours,
  after: cursor,
})
type EventQuery = z.output<typeof eventQuery>

/** What a form sends again: of what the filter means, what came until a time and lies behind a cursor. */
export const replayQuery = eventQuery.extend({
  from: cursor,
  until: z.coerce.number().int().min(1).max(1e15).optional().catch(undefined),
})
export type ReplayQuery = z.output<typeof replayQuery>

/** An event in the order they came in, as an address has it. */
export const cursorOf = ({ receivedAt, seq }: EventCursor): string => `${receivedAt}.${seq}`

export function cursorIn(text: string): EventCursor | undefined {
  if (text === '') return undefined
  const [receivedAt, seq] = text.split('.').map(Number)
  return { receivedAt: receivedAt!, seq: seq! }
}

export const callQuery = z.object({
  site: word,
  method: word,
  status: z.enum(['', ...statusClasses]).catch(''),
  hours,
  before: z
    .string()
    .regex(/^req_[a-z0-9]{1,30}$/)
    .catch(''),
})
type CallQuery = z.output<typeof callQuery>

interface Deps {
  store: Store
  clock: Clock
}

export interface EventList {
  now: number
  query: EventQuery
  /** Whether there is a site of that name. */
  isSiteKnown: boolean
  rows: ListedEvent[]
  /** Where the next page begins; empty when this is the last. */
  next: string
}

export interface CallList {
  now: number
  query: CallQuery
  isSiteKnown: boolean
  rows: AlikeCalls[]
  next: string
}

/** Calls that came one after the other from the same key, to the same method, and ended alike. */
interface AlikeCalls {
  newest: ListedCall
  oldest: ListedCall
  count: number
}

/** A program that asks again and again would leave no room for what else was called. */
export function alikeCalls(calls: readonly ListedCall[]): AlikeCalls[] {
  const rows: AlikeCalls[] = []
  for (const call of calls) {
    const last = rows.at(-1)
    if (last && kindOf(last.newest) === kindOf(call)) {
      last.oldest = call
      last.count += 1
    } else rows.push({ newest: call, oldest: call, count: 1 })
  }
  return rows
}

const kindOf = ({ apiKey, siteId, method, itemId, status, refusal }: ListedCall): string =>
  JSON.stringify([apiKey, siteId, method, itemId, status, refusal?.code])

/** Events of sites with how their delivery stands, the newest first. */
export async function listEvents(deps: Deps, query: EventQuery): Promise<EventList> {
  const { store, clock } = deps
  const now = clock.now()
  const filter = await eventFilter(deps, query)
  if (!filter) return { now, query, isSiteKnown: false, rows: [], next: '' }
  const after = cursorIn(query.after)
  const rows = await store.listEvents(filter, { limit: rowsPerPage, ...(after && { after }) })
  const last = rows.length === rowsPerPage ? rows.at(-1) : undefined
  const next = last ? cursorOf(last) : ''
  return { now, query, isSiteKnown: true, rows, next }
}

/** What a query means; undefined when it names a site that is not there. */
export async function eventFilter(
  { store, clock }: Deps,
  { site, type, state, hours: back }: EventQuery,
): Promise<EventFilter | undefined> {
  const siteId = site === '' ? undefined : await siteNamed(store, site)
  if (siteId === null) return undefined
  return {
    since: clock.now() - back * hourMs,
    ...(siteId !== undefined && { siteId }),
    ...(type !== '' && { type }),
    ...(state !== '' && { state }),
  }
}

/** What callers with a key asked, the newest first. */
export async function listCalls({ store, clock }: Deps, query: CallQuery): Promise<CallList> {
  const now = clock.now()
  const { site, method, status, before } = query
  const siteId = site === '' ? undefined : await siteNamed(store, site)
  if (siteId === null) return { now, query, isSiteKnown: false, rows: [], next: '' }
  const filter: CallFilter = {
    since: now - query.hours * hourMs,
    ...(siteId !== undefined && { siteId }),
    ...(method !== '' && { method: wholeMethod(method) }),
    ...(status !== '' && {
      status: { from: Number(status) * 100, until: Number(status) * 100 + 100 },
    }),
  }
  const page = { limit: callsPerPage, ...(before !== '' && { before }) }
  const calls = await store.listCalls(filter, page)
  const alike = alikeCalls(calls)
  const rows = alike.slice(0, rowsPerPage)
  const hasMore = alike.length > rows.length || calls.length === callsPerPage
  const next = hasMore ? (rows.at(-1)?.oldest.id ?? '') : ''
  return { now, query, isSiteKnown: true, rows, next }
}

/** The site of a name or an id; of several the first, for a link names its id. Null when there is none. */
async function siteNamed(store: Store, name: string): Promise<string | null> {
  const subjects = await store.findSubjects(name, 10)
  return subjects.find(({ kind }) => kind === 'site')?.id ?? null
}
