import type { Keyring } from '../auth/keyring.ts'
import type { Ids } from '../clock.ts'
import type { NewEvent, OwnedItem } from '../db/store.ts'

/** What it takes to make an event of ours. */
export interface EventMaking {
  ids: Ids
  keyring: Keyring
}

/**
 * An event about an item, in Bridge's envelope, sealed and ready to store. Each call makes another one: whoever stores it
 * sees to it that there is one only. `more` has every key the contract names, null where there is nothing to say.
 */
export function ownEvent(
  { ids, keyring }: EventMaking,
  { item, user, site }: OwnedItem,
  { type, more }: { type: 'consent.expiring' | 'item.action_required'; more: object },
  at: number,
): NewEvent {
  const id = ids.next('evt')
  const content = {
    item_id: item.id,
    bank: item.bank ?? item.providerName,
    site: site.name,
    user: user.name === '' ? null : user.name,
    ...more,
  }
  return {
    id,
    deliveryId: ids.next('dlv'),
    dedupeKey: id,
    type,
    userId: user.id,
    siteId: site.id,
    itemId: item.id,
    body: keyring.seal(JSON.stringify({ type, content, timestamp: at }), `events/${id}`),
    occurredAt: at,
    receivedAt: at,
    handledAt: at,
  }
}
