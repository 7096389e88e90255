import type { Ids } from '../clock.ts'
import type { OwnContent, OwnEventType } from '../own-events.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { Keyring } from './keyring.ts'
import { eventRow } from './sealed-rows.ts'

/** What it takes to make an event of ours. */
export interface OwnEventDeps {
  ids: Ids
  keyring: Keyring
}

/** What there is to tell: an event of ours, or a deletion in Bridge's words that Bridge did not tell. */
type Told =
  | { [Type in OwnEventType]: { type: Type; content: OwnContent<Type> } }[OwnEventType]
  | { type: 'item.deleted'; content: { item_id: number; user_uuid: string } }

/**
 * An event of our own in Bridge's envelope, sealed and ready to store. Two with one `dedupeKey` are the same; without it each
 * is new.
 */
export function sealOwnEvent(
  { ids, keyring }: OwnEventDeps,
  event: Pick<NewEvent, 'userId' | 'siteId' | 'itemId'> & Told & { dedupeKey?: string },
  at: number,
): NewEvent {
  const id = ids.next('evt')
  const { content, dedupeKey = id, ...about } = event
  const body = JSON.stringify({ type: event.type, content, timestamp: at })
  return {
    ...about,
    id,
    deliveryId: ids.next('dlv'),
    dedupeKey,
    body: keyring.seal(body, eventRow(id)),
    occurredAt: at,
    receivedAt: at,
    handledAt: at,
  }
}
