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
  const steps: (Omit<Step, 'at'> & { at: number })[] = []
  const step = (at: number | null, what: string, detail: string[] = []): void => {
    if (at !== null) steps.push({ at, what, detail })
  }

  for (const request of requests) {
    const kind = request.managedItemId === null ? 'a new item' : `item ${request.managedItemId}`
    step(request.openedAt, `request ${request.id} opened for ${kind}`, [
      `now ${request.state}${request.step === null ? '' : ` at step ${request.step}`}`,
      ...(request.callbacks > 0 ? [`callbacks not verified at once: ${request.callbacks}`] : []),
      ...(request.claimedItemId === null
        ? []
        : [
            `${request.itemId === null && request.matchedAt !== null ? 'a correction left it' : 'a callback named'} item ${request.claimedItemId}; Bridge has yet to confirm it`,
          ]),
    ])
    step(request.matchedAt, `request matched from Bridge's events`)
    step(request.completedAt, `request completed with item ${request.itemId ?? '-'}`)
    if (request.state === 'expired') step(request.expiresAt, 'request expired')
  }
  if (item) {
    step(item.createdAt, `item ${item.id} stored`)
    step(
      item.updatedAt,
      `item last updated: status ${item.status} ${item.statusCodeInfo ?? ''}`.trim(),
    )
    step(item.unreachableAt, 'item not found at Bridge (404)')
    step(item.goneAt, 'item gone at Bridge')
  }
  for (const call of timeline.calls) {
    const end = call.excType === null ? String(call.status) : `${call.status} ${call.excType}`
    step(call.at, `call ${call.method}: ${end}`, [
      `${call.id}, ${call.durationMs} ms`,
      ...call.bridge.map(
        ({ call: bridge, status, ms }) => `Bridge ${bridge}: ${status ?? 'no answer'}, ${ms} ms`,
      ),
    ])
  }
  for (const event of timeline.events) {
    step(event.receivedAt, `event ${event.type}`, [
      event.id,
      event.handledAt === null
        ? `not handled yet, failures: ${event.failures}`
        : `handled ${second(event.handledAt)}`,
      ...(event.delivery
        ? toldDelivery(event.delivery)
        : ['no delivery: the site had no webhook URL']),
    ])
    for (const { number, startedAt, durationMs, status, error } of event.delivery?.tries ?? []) {
      const end = status ?? error ?? 'no answer'
      step(startedAt, `try ${number} to deliver ${event.type}: ${end}`, [
        `${event.delivery?.id}, ${durationMs} ms`,
      ])
    }
  }
  for (const { at, action, actor, count } of timeline.audit) {
    step(at, `audit ${action} by ${actor}${count > 1 ? `, ${count} times` : ''}`)
  }

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

function toldDelivery({ id, state, dueAt, settledAt }: TimelineDelivery): string[] {
  if (state !== 'pending')
    return [`delivery ${id}: ${state}${settledAt === null ? '' : ` ${second(settledAt)}`}`]
  const next = dueAt === null ? 'waits for an earlier one of this item' : `due ${second(dueAt)}`
  return [`delivery ${id}: pending, ${next}`]
}
