import type { Timeline, TimelineDelivery } from '../db/ports/history.ts'

/** One step of a timeline. `at` is ISO 8601 in UTC, to the second. */
export interface Step {
  at: string
  what: string
  detail: string[]
}

export interface DescribedTimeline {
  about: { site: string | null; user: string | null; request: string | null; item: string | null }
  steps: Step[]
}

const second = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** Puts all that is known about a thing in the order it happened, in words: ids and statuses, no link, no bank data. */
export function describeTimeline(timeline: Timeline): DescribedTimeline {
  const { item, requests } = timeline
  const steps = [
    ...requests.flatMap(ofRequest),
    ...(item ? ofItem(item) : []),
    ...timeline.calls.map(ofCall),
    ...timeline.events.flatMap(ofEvent),
    ...timeline.audit.map(ofAudit),
  ].flatMap(({ at, ...said }) => (at === null ? [] : [{ at, ...said }]))

  return {
    about: {
      site: timeline.site?.name ?? null,
      user: timeline.user?.name || null,
      request: requests.at(-1)?.id ?? null,
      item: item ? String(item.id) : null,
    },
    steps: steps.toSorted((a, b) => a.at - b.at).map((each) => ({ ...each, at: second(each.at) })),
  }
}

/** Null where it did not happen. */
type At = number | null

const step = (at: At, what: string, detail: string[] = []) => ({ at, what, detail })

function ofRequest(request: Timeline['requests'][number]) {
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

function ofItem(item: NonNullable<Timeline['item']>) {
  const status = `item last updated: status ${item.status} ${item.statusCodeInfo ?? ''}`.trim()
  return [
    step(item.createdAt, `item ${item.id} stored`),
    step(item.updatedAt, status),
    step(item.unreachableAt, 'item not found at Bridge (404)'),
    step(item.goneAt, 'item gone at Bridge'),
  ]
}

function ofCall(call: Timeline['calls'][number]) {
  const end = call.excType === null ? String(call.status) : `${call.status} ${call.excType}`
  return step(call.at, `call ${call.method}: ${end}`, [
    `${call.id}, ${call.durationMs} ms`,
    ...call.bridge.map(
      ({ call: bridge, status, ms }) => `Bridge ${bridge}: ${status ?? 'no answer'}, ${ms} ms`,
    ),
  ])
}

function ofEvent({
  id,
  type,
  receivedAt,
  handledAt,
  failures,
  delivery,
}: Timeline['events'][number]) {
  const tries = (delivery?.tries ?? []).map(({ number, startedAt, durationMs, status, error }) =>
    step(startedAt, `try ${number} to deliver ${type}: ${status ?? error ?? 'no answer'}`, [
      `${delivery?.id}, ${durationMs} ms`,
    ]),
  )
  const received = step(receivedAt, `event ${type}`, [
    id,
    handledAt === null ? `not handled yet, failures: ${failures}` : `handled ${second(handledAt)}`,
    ...(delivery ? ofDelivery(delivery) : ['no delivery: the site had no webhook URL']),
  ])
  return [received, ...tries]
}

const ofAudit = ({ at, action, actor, count }: Timeline['audit'][number]) =>
  step(at, `audit ${action} by ${actor}${count > 1 ? `, ${count} times` : ''}`)

function ofDelivery({ id, state, dueAt, settledAt }: TimelineDelivery): string[] {
  if (state !== 'pending')
    return [`delivery ${id}: ${state}${settledAt === null ? '' : ` ${second(settledAt)}`}`]
  const next = dueAt === null ? 'waits for an earlier one of this item' : `due ${second(dueAt)}`
  return [`delivery ${id}: pending, ${next}`]
}
