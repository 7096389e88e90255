import { z } from 'zod'
import type { Caller } from '../../auth/api-keys.ts'
import { scopeFor } from '../../ownership/ownership.ts'
import type { FeedEvent } from '../../db/ports/feed.ts'
import { usualTimeZone } from '../../db/ports/sites.ts'
import type { Scope } from '../../db/scope.ts'
import { dayMs } from '../../durations.ts'
import { ValidationError } from '../../errors.ts'
import {
  described,
  identifier,
  optional,
  optionalText,
  reason,
  text,
} from '../../frappe/arguments.ts'
import { toInstant } from '../../transactions/since.ts'
import { feedCursor, readFeedCursor, type FeedPosition } from '../../vault/feed-cursor.ts'
import { defineMethod, type MethodContext } from '../context.ts'
import { site } from './shared-arguments.ts'
import { eventRow } from '../../vault/sealed-rows.ts'

const mostEvents = 500

/** What one answer holds of bodies: an event has 64 KiB at most, and usually less than one. */
const mostBytes = 2 ** 20

/** At least one type, spelt as types are: a mistake here would silently pass over the events that were meant. */
const expected = reason('types')
const names = z
  .array(z.string(expected).regex(/^[\w.-]+$/, expected), expected)
  .min(1, expected)
  .max(50, expected)

/** Desk and the SDKs for JavaScript send a list as JSON, in a query or a form too. */
const types = z.union([text(2_000).transform(toNames).pipe(names), names], expected)

export const getEvents = defineMethod({
  name: 'bank_api.bridge.get_events',
  tag: 'webhooks',
  summary:
    'The events that webhooks deliver, in order, from where your last call stopped: for sites that cannot receive webhooks or were offline.',
  effect: 'reads',
  params: z.object({
    cursor: described(
      optionalText(),
      'Where the last answer ended. Without it and `since` the feed begins now.',
      'Zl3bGJ0tC1x2s9u7yQn4AQ',
    ),
    since: described(
      optionalText(),
      'What came since then, of what is kept; without `cursor`. Read as that of transactions.',
      '2026-01-31',
    ),
    types: described(
      optional(types),
      'The types that are wanted, between commas; all when missing. A list is taken too, as JSON.',
      'connect.completed,item.refreshed',
    ),
    limit: described(
      optional(identifier.pipe(z.int().max(mostEvents))),
      'How many at most, up to 500; 100 when missing.',
      100,
    ),
    site,
  }),
  result: z.strictObject({
    events: z.array(
      z.strictObject({
        id: z.string().describe("The webhook's `webhook-id`: one that you have had is a repeat."),
        type: z.string(),
        site: z.string(),
        item_id: z.int().nullable(),
        received_at: z.iso.datetime(),
        event: z.looseObject({ type: z.string() }).describe("The webhook's body."),
      }),
    ),
    cursor: z.string().describe('Where the next call goes on.'),
    has_more: z.boolean().describe('Whether to call again at once; also when `events` is empty.'),
  }),
  example: {},
  async run(context, { site, cursor, since, types, limit = 100 }) {
    const { store, clock, settings } = context
    const scope = await scopeFor(context, site)
    const now = clock.now()
    const forgottenBefore = now - settings.retention.eventsDays * dayMs
    const answer = (events: readonly FeedEvent[], position: FeedPosition, hasMore = false) => ({
      events: events.map((event) => toAnswer(context, event)),
      cursor: feedCursor(context.keyring, scope.tenantId, position),
      has_more: hasMore,
    })

    if (cursor === undefined && since === undefined) {
      return answer([], { seq: await store.findFeedEnd(scope), at: now })
    }
    const start =
      cursor === undefined
        ? await sinceThen(context, scope, since!, forgottenBefore)
        : readFeedCursor(context.keyring, scope.tenantId, cursor)
    if (!start) throw new ValidationError('argument_invalid.cursor', { name: 'cursor' })

    // Of what came before that even the rows are gone, and only they would tell that something is missing.
    const isKnown = start.at >= now - settings.retention.auditDays * dayMs
    const query = { after: start.seq, types, limit, bytes: mostBytes, forgottenBefore }
    const page = isKnown ? await store.readFeed(scope, query) : 'forgotten'
    if (page === 'forgotten') {
      const seq = await store.findFeedStart(scope, 0, forgottenBefore)
      const oldest = feedCursor(context.keyring, scope.tenantId, { seq, at: now })
      throw new ValidationError('cursor_too_old', { cursor: oldest }, { oldestCursor: oldest })
    }
    if (!page.hasMore) return answer(page.events, { seq: page.upTo?.seq ?? start.seq, at: now })
    const { seq, receivedAt: at } = page.upTo ?? { seq: start.seq, receivedAt: start.at }
    return answer(page.events, { seq, at }, true)
  },
})

/** What stands between commas, or in JSON. */
function toNames(list: string): unknown {
  if (!list.startsWith('[')) {
    return list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
  }
  try {
    return JSON.parse(list)
  } catch {
    return [list]
  }
}

/** Where the feed begins for who asks by time. */
async function sinceThen(
  { store, clock }: MethodContext,
  scope: Scope,
  since: string,
  forgottenBefore: number,
): Promise<FeedPosition> {
  const [site, another] = await store.listSites(scope, 2)
  // What a time without a zone means where several sites are asked for.
  const timeZone = !site || another ? usualTimeZone : site.timeZone
  const instant = toInstant('since', since, timeZone)
  return { seq: await store.findFeedStart(scope, instant, forgottenBefore), at: clock.now() }
}

const toAnswer = (
  { keyring, caller }: MethodContext,
  { id, type, site, itemId, receivedAt, body }: FeedEvent,
) => ({
  id,
  type,
  site,
  item_id: itemId,
  received_at: new Date(receivedAt).toISOString(),
  event: shownTo(caller, JSON.parse(keyring.open(body, eventRow(id)).toString('utf8')) as Told),
})

interface Told {
  type: string
  content?: object
  [name: string]: unknown
}

/** A link that renews a consent is for who may do more than read. */
const shownTo = ({ readOnly }: Caller, event: Told): Told =>
  readOnly && event.type === 'consent.expiring'
    ? { ...event, content: { ...event.content, renew_url: null } }
    : event
