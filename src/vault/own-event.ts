import type { Ids } from '../clock.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { Keyring } from './keyring.ts'

/** What it takes to make an event of ours. */
export interface OwnEventDeps {
  ids: Ids
  keyring: Keyring
}

/**
 * An event of our own in Bridge's envelope, sealed and ready to store. `content` has every key its type names, null where
 * there is nothing to say, and none that Frappe reserves. Two with one `dedupeKey` are the same; without it each is new.
 */
export function ownEvent(
  { ids, keyring }: OwnEventDeps,
  event: Pick<NewEvent, 'type' | 'userId' | 'siteId' | 'itemId'> & {
    content: object
    dedupeKey?: string
  },
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
    body: keyring.seal(body, `events/${id}`),
    occurredAt: at,
    receivedAt: at,
    handledAt: at,
  }
}
