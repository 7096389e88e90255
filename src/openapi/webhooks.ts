import { z } from 'zod'
import { bridgeEvents } from '../bridge/events/webhook-events.ts'
import { ownEvents } from '../own-events.ts'
import type { Parameter, PathItem } from './operation.ts'
import { describedApart, type Headers, type Writer } from './schema.ts'

/** What stands in `content` of each event, by its type. */
export const eventContents = { ...bridgeEvents, ...ownEvents }
type EventType = keyof typeof eventContents

const timestamp = z
  .int()
  .describe('When it happened, in milliseconds since 1970; in seconds in TEST_EVENT.')

/** When an event comes, by its type: Bridge's first. */
export const eventsTold: Readonly<Record<EventType, string>> = {
  'item.created': 'A connection was made, and is not read yet.',
  'item.refreshed': 'Bridge read the bank, or tried to.',
  'item.deleted':
    'A connection is gone; also without a word of Bridge’s, when it is missing from the whole list.',
  'item.account.created': 'An account came to a connection.',
  'item.account.updated': 'An account has news: how many transactions came, changed, went.',
  'item.account.deleted': 'An account is gone.',
  'user.deleted': 'A user is gone, with all connections.',
  TEST_EVENT: 'Sent from Bridge’s dashboard, about one of the site’s connections.',
  'connect.completed':
    'A connect request ended with a connection, whether or not the browser came back.',
  'consent.expiring': '30, 14, 7, 3 and 1 days before a consent ends, once each.',
  'item.action_required': 'The status of a connection asks something of its user.',
  'item.repaired': 'A connection that asked something of its user works again.',
  'item.stale': 'A connection is not refreshed any more as it used to be: once until it is again.',
  'account.replaced':
    'An account is back under another id, in a new connection: told once, when its accounts are read.',
  'webhook.test': 'An operator tries whether webhooks arrive; sent once, never again.',
}

/** What each try carries (Standard Webhooks, and Frappe's own signature). */
const headers: Headers = {
  'webhook-id': z
    .string()
    .describe('The same on every try and replay: what came before can be ignored.'),
  'webhook-timestamp': z.string().describe('Seconds since 1970, of this try.'),
  'webhook-signature': z
    .string()
    .describe(
      'Standard Webhooks, over `id.timestamp.body`: `v1,` and base64; two while a secret rotates.',
    ),
  'X-Frappe-Webhook-Signature': z
    .string()
    .describe('Base64 of the HMAC-SHA256 of the body, keyed with the newest `whsec_…` as text.'),
  'X-Bank-Api-Site': z
    .string()
    .describe("The site's name here; letters beyond ASCII percent-encoded."),
  'X-Bank-Api-Event': z.string().describe("The event's type."),
}

/** Every event that a site may be sent, by its type: what Bridge says of its connections, and what we say ourselves. */
export function webhooks(writer: Writer): Record<string, PathItem> {
  const parameters = Object.entries(headers).map(([name, schema]): Parameter => ({
    name,
    in: 'header',
    required: true,
    ...describedApart(writer.schema(schema)),
  }))
  return Object.fromEntries(
    (Object.entries(eventsTold) as [EventType, string][]).map(([type, summary]) => [
      type,
      {
        post: {
          operationId: `on_${type.toLowerCase().replaceAll('.', '_')}`,
          tags: ['webhooks'],
          summary,
          parameters,
          requestBody: {
            required: true,
            content: { 'application/json': { schema: writer.schema(eventOf(type)) } },
          },
          responses,
          security: [],
        },
      },
    ]),
  )
}

const responses = {
  '2XX': { description: 'Delivered: any 2xx within 15 seconds, whatever the body.' },
  410: {
    description:
      'The site wants no more webhooks: none is sent until the operator, or a new address, says so.',
  },
  default: {
    description:
      'It is tried again, ten times in three days, not before a `Retry-After`; redirects are not followed.',
  },
}

/** What Bridge posts to us, in any of its types. */
export const anyBridgeEvent = z.union(
  (Object.keys(bridgeEvents) as EventType[]).map(eventOf) as [z.ZodType, ...z.ZodType[]],
)

/** An event in the envelope that Bridge's and ours share. */
function eventOf(type: EventType): z.ZodType {
  const words = type.toLowerCase().split(/[._]/)
  const id = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return z
    .looseObject({ type: z.literal(type), content: eventContents[type], timestamp })
    .meta({ id: id.endsWith('Event') ? id : `${id}Event` })
}
