import type { Keyring } from '../../vault/keyring.ts'
import type { AuditCounter } from '../../audit/counter.ts'
import { readBridgeEvent, type BridgeEvent } from '../../bridge/events/webhook-events.ts'
import { verifyBridgeSignature } from '../../bridge/events/webhook-signature.ts'
import type { Clock, ClockWatch, Ids } from '../../clock.ts'
import { StoreDiskError } from '../../db/store-errors.ts'
import type { EventChange, NewEvent } from '../../db/ports/events.ts'
import type { SiteUser } from '../../db/ports/users.ts'
import type { Store } from '../../db/store.ts'
import { AppError } from '../../errors.ts'
import { text } from '../../texts/say.ts'
import { dayMs, hourMs, minuteOf } from '../../durations.ts'
import type { Log } from '../../logger.ts'
import { isRefresh, toChange } from './event-change.ts'
import { eventRow } from '../../vault/sealed-rows.ts'

/** What it takes to receive Bridge's webhooks. */
interface Inbox {
  store: Store
  keyring: Keyring
  ids: Ids
  clock: Clock
  clockWatch: Pick<ClockWatch, 'sinceForward'>
  isClockInDoubt: () => boolean
  bridgeTime: { aheadMs(): number | undefined }
  auditCounter: AuditCounter
  log: Pick<Log, 'error'>
}

/** Nobody who knows a webhook secret signed these bytes. */
export class WebhookSignatureError extends AppError {
  override name = 'WebhookSignatureError'

  constructor() {
    super(text('signature_invalid'))
  }
}

/** `repeat`: stored before. `old`, `unknown` and `nonsense`: counted, not kept. */
type Received = 'new' | 'repeat' | Ignored
type Ignored = 'old' | 'unknown' | 'nonsense'

/** How long a body's digest is sure to be remembered: what says it is older may be a replay. */
const ledgerMs = 14 * dayMs

/**
 * Stores what Bridge posted, and the delivery to its site, in one durable commit; only then may Bridge hear a 200. Before
 * the signature is known to be good nothing is read here, in the body or the database; once it is, `onGenuine` hears of it.
 * Throws WebhookSignatureError and StoreBusyError.
 */
export async function receiveWebhook(
  inbox: Inbox,
  given: {
    rawBody: Buffer
    signature: string | undefined
    secrets: readonly string[]
    onGenuine?: () => void
    /** Since when this version is at work. */
    since: number
  },
): Promise<{ received: Received; type: string | null; reason?: unknown }> {
  const { store, keyring, ids, clock, clockWatch, isClockInDoubt, bridgeTime } = inbox
  const { rawBody } = given
  if (!verifyBridgeSignature(given.signature, rawBody, given.secrets)) {
    throw new WebhookSignatureError()
  }
  given.onGenuine?.()
  const { event, reason } = read(rawBody)
  // Bridge signed it, so it is no attack; and sent again for days, it would be the same.
  if (!event) return { received: ignore(inbox, 'nonsense'), type: null, reason }
  const { type } = event
  const receivedAt = clock.now()
  const time = timeOf(event, receivedAt)
  const occurredAt = time ?? receivedAt
  // With our clock ahead, as it may be until Bridge told the time, every event would look too old, so then its age does not
  // count; a repeat is found by its stored key.
  const isSure = bridgeTime.aheadMs() !== undefined && !isClockInDoubt()
  const isDoubted = clockWatch.sinceForward() !== undefined || !isSure
  const isOld = occurredAt < receivedAt - ledgerMs && !isDoubted
  if (isOld) return { received: ignore(inbox, 'old'), type }

  const itemId = Number.isSafeInteger(event.content['item_id'])
    ? (event.content['item_id'] as number)
    : null
  const owner = await ownerOf(store, event, itemId)
  if (!owner) return { received: ignore(inbox, 'unknown'), type }

  const id = ids.next('evt')
  const uuid = event.content['user_uuid']
  // Of a user that is gone, or was made anew, nothing is left to change.
  const isLate = typeof uuid === 'string' && uuid !== owner.user.userUuid
  const change = isLate ? undefined : toChange(event, owner.user.id, occurredAt)
  const stored: NewEvent = {
    id,
    deliveryId: ids.next('dlv'),
    ...keysOf(keyring, rawBody, event, {
      mayHaveFormerKey: isDoubted || time === undefined || time <= given.since + hourMs,
    }),
    type,
    userId: owner.user.id,
    siteId: owner.site.id,
    itemId,
    body: keyring.seal(rawBody, eventRow(id)),
    occurredAt,
    receivedAt,
    handledAt: change ? null : receivedAt, // what is only passed on has nothing to be handled
  }
  const received = await accept(inbox, stored, isRefresh(event) ? undefined : change)
  return { received, type }
}

/** When an event happened by its own word. Nothing happens after we hear of it: a time to come would make all that follows old news. */
const timeOf = ({ timestamp }: BridgeEvent, receivedAt: number): number | undefined =>
  timestamp !== undefined && timestamp <= receivedAt ? Math.trunc(timestamp) : undefined

/**
 * Bridge sends no event id, so an event is known by the digest of its bytes. Its time stands before the digest, so that new
 * events lie together in the index instead of each on a page of its own. Earlier versions stored the digest alone: an event from
 * before this version began, or from its first hour, while both may run side by side, is looked for under that key too.
 */
function keysOf(
  keyring: Keyring,
  rawBody: Buffer,
  { timestamp }: BridgeEvent,
  { mayHaveFormerKey }: { mayHaveFormerKey: boolean },
): Pick<NewEvent, 'dedupeKey' | 'formerKey'> {
  const digest = keyring.hash('webhook-body', rawBody.toString('latin1')) // keeps bytes apart that are no UTF-8
  return {
    dedupeKey: `bridge:${timestamp ?? ''}:${digest.toString('base64url')}`,
    ...(mayHaveFormerKey && { formerKey: `bridge:${digest.toString('hex')}` }),
  }
}

async function accept(
  { store, log }: Inbox,
  event: NewEvent,
  change: EventChange | undefined,
): Promise<'new' | 'repeat'> {
  try {
    return await store.acceptEvent(event, change)
  } catch (error) {
    // A busy database passes by itself.
    if (error instanceof StoreDiskError) log.error({ err: error }, 'webhook not stored')
    throw error
  }
}

function read(rawBody: Buffer): { event?: BridgeEvent; reason?: unknown } {
  try {
    return { event: readBridgeEvent(rawBody) }
  } catch (reason) {
    return { reason }
  }
}

/**
 * Events name their user; one that only names an item is its owner's. So is one of an item that went with its user: Bridge promises no
 * order (Bridge: webhooks delivery), so the user's own end may have come first.
 */
async function ownerOf(
  store: Store,
  { content }: BridgeEvent,
  itemId: number | null,
): Promise<SiteUser | undefined> {
  const uuid = content['user_uuid']
  const isNamed = typeof uuid === 'string'
  const named = isNamed ? await store.findUserByUuid(uuid) : undefined
  if (named || itemId === null) return named
  const [owner] = await store.listConnections({ id: itemId, withGone: true })
  if (owner?.site.removedAt !== null || (isNamed && owner.item.goneAt === null)) return undefined
  return owner
}

const ignored: Record<Ignored, string> = {
  old: 'older than 14 days',
  unknown: 'unknown user',
  nonsense: 'no event',
}

function ignore({ clock, auditCounter }: Inbox, why: Ignored): Received {
  const at = clock.now()
  auditCounter.count({
    at,
    actor: 'bridge',
    action: 'webhook.ignored',
    subject: ignored[why],
    bucket: minuteOf(at),
  })
  return why
}
