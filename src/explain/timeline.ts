import { lasting } from '../terminal/durations.ts'
import type { Story } from './story.ts'

/** One step of a story, or several of a kind. `at` is ISO 8601 in UTC, to the second. */
export interface Step {
  at: string
  text: string
  detail: string[]
}

const second = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** Puts all that is known in the order it happened, in words: ids and statuses, no link, no bank data. */
export const stepsOf = (story: Story): Step[] =>
  momentsOf(story, ({ event, tries }) => [event, ...tries]).map(({ at, what: text, detail }) => ({
    at: second(at),
    text,
    detail,
  }))

/** The same in short: an event with how it ended is one line, and so are many of a kind that follow each other. */
export function linesOf(story: Story): Step[] {
  const lines: { at: number; what: string; took: number[]; count: number }[] = []
  for (const { at, what: whole, tookMs } of momentsOf(story, ({ inShort }) => [inShort])) {
    const what = whole.replace('call bank_api.bridge.', 'call ')
    const last = lines.at(-1)
    const took = tookMs === undefined ? [] : [tookMs]
    if (last?.what === what) {
      last.count += 1
      last.took.push(...took)
    } else lines.push({ at, what, took, count: 1 })
  }
  return lines.map(({ at, what, took, count }) => ({
    at: second(at),
    text: `${count === 1 ? '' : `${count} × `}${what}${took.length === 0 ? '' : `, ${rangeOf(took)}`}`,
    detail: [],
  }))
}

function rangeOf(took: readonly number[]): string {
  const [least, most] = [lasting(Math.min(...took)), lasting(Math.max(...took))]
  return least === most ? least : `${least} to ${most}`
}

interface Moment {
  at: number
  what: string
  detail: string[]
  tookMs?: number | undefined
}

type EventMoments = ReturnType<typeof ofEvent>

function momentsOf(story: Story, ofOne: (event: EventMoments) => Moment[]): Moment[] {
  return [
    ...story.requests.flatMap(ofRequest),
    ...story.items.flatMap(ofItem),
    ...story.calls.map(ofCall),
    ...story.events.flatMap((event) => ofOne(ofEvent(event))),
    ...story.audit.map(ofAudit),
  ]
    .flatMap(({ at, ...said }) => (at === null ? [] : [{ at, ...said }]))
    .toSorted((a, b) => a.at - b.at)
}

/** Null where it did not happen. */
const step = (at: number | null, what: string, detail: string[] = []) => ({ at, what, detail })

function ofRequest({ request }: Story['requests'][number]) {
  const { id, itemId, claimedItemId } = request
  const kind = request.managedItemId === null ? 'a new item' : `item ${request.managedItemId}`
  const by =
    itemId === null && request.matchedAt !== null ? 'a correction left it' : 'a callback named'
  return [
    step(request.openedAt, `request ${id} opened for ${kind}`, [
      `now ${request.state}${request.step === null ? '' : ` at step ${request.step}`}`,
      ...(request.callbacks > 0 ? [`callbacks not verified at once: ${request.callbacks}`] : []),
      ...(claimedItemId === null
        ? []
        : [`${by} item ${claimedItemId}; Bridge has yet to confirm it`]),
    ]),
    step(request.matchedAt, `request matched from Bridge's events`),
    step(request.completedAt, `request completed with item ${itemId ?? '-'}`),
    step(request.state === 'expired' ? request.expiresAt : null, 'request expired'),
  ]
}

function ofItem({ item }: Story['items'][number]) {
  const status = `item last updated: status ${item.status} ${item.statusCodeInfo ?? ''}`.trim()
  return [
    step(item.createdAt, `item ${item.id} stored`),
    step(item.updatedAt, status),
    step(item.unreachableAt, 'item not found at Bridge (404)'),
    step(item.goneAt, 'item gone at Bridge'),
  ]
}

function ofCall(call: Story['calls'][number]) {
  const why = call.refusal?.code ?? call.excType
  const end = why === null ? String(call.status) : `${call.status} ${why}`
  return {
    ...step(call.at, `call ${call.method}: ${end}`, [
      `${call.id}, ${call.durationMs} ms`,
      ...(call.refusal ? [call.refusal.message] : []),
      ...call.bridge.map(
        ({ call: bridge, status, ms }) => `Bridge ${bridge}: ${status ?? 'no answer'}, ${ms} ms`,
      ),
    ]),
    tookMs: call.durationMs,
  }
}

/** An event with its tries one by one, and all of it in a line. */
function ofEvent({
  id,
  type,
  receivedAt,
  handledAt,
  failures,
  delivery,
}: Story['events'][number]): { event: Moment; tries: Moment[]; inShort: Moment } {
  const tries = (delivery?.tries ?? []).map(({ number, startedAt, durationMs, status, error }) => ({
    at: startedAt,
    what: `try ${number} to deliver ${type}: ${status ?? error ?? 'no answer'}`,
    detail: [`${delivery?.id}, ${durationMs} ms`],
  }))
  const detail = [
    id,
    handledAt === null ? `not handled yet, failures: ${failures}` : `handled ${second(handledAt)}`,
    ...(delivery ? ofDelivery(delivery) : ['no delivery: the site had no webhook URL']),
  ]
  const event = { at: receivedAt, what: `event ${type}`, detail }
  const last = delivery?.tries.at(-1)
  const ended = delivery ? endOf(delivery) : 'kept'
  return {
    event,
    tries,
    inShort: { at: receivedAt, what: `${type} ${ended}`, detail, tookMs: last?.durationMs },
  }
}

type Delivery = NonNullable<Story['events'][number]['delivery']>

function endOf({ state, tries }: Delivery): string {
  const last = tries.at(-1)
  if (state === 'delivered') return tries.length > 1 ? `delivered on try ${tries.length}` : state
  const answer = last ? ` (${last.status ?? last.error})` : ''
  return state === 'dead'
    ? `given up after ${tries.length} tries${answer}`
    : `waits after ${tries.length} tries${answer}`
}

const ofAudit = ({ at, action, actor, count }: Story['audit'][number]) =>
  step(at, `audit ${action} by ${actor}${count > 1 ? `, ${count} times` : ''}`)

function ofDelivery({ id, state, dueAt, settledAt }: Delivery): string[] {
  if (state !== 'pending')
    return [`delivery ${id}: ${state}${settledAt === null ? '' : ` ${second(settledAt)}`}`]
  const next = dueAt === null ? 'waits for an earlier one of this item' : `due ${second(dueAt)}`
  return [`delivery ${id}: pending, ${next}`]
}
