import type { Keyring } from '../auth/keyring.ts'
import type { Ids } from '../clock.ts'
import type { ItemFacts, NewEvent, OwnedRequest } from '../db/store.ts'

/**
 * The `connect.completed` that tells a site its request ended with this item: Bridge's envelope, all keys always there. The
 * names are the contract's; none is one that Frappe reserves. One for each request and item.
 */
export function completedEvent(
  { ids, keyring }: { ids: Ids; keyring: Keyring },
  { request, user, site }: OwnedRequest,
  item: ItemFacts,
  at: number,
): NewEvent {
  const id = ids.next('evt')
  const type = 'connect.completed'
  const content = {
    request: request.id,
    item_id: item.id,
    bank: request.bank ?? item.providerName,
    site: site.name,
    user: user.name === '' ? null : user.name,
    success: true,
    status: item.status,
    status_code_info: item.statusCodeInfo,
    step: null,
  }
  return {
    id,
    deliveryId: ids.next('dlv'),
    dedupeKey: `${type}:${request.id}:${item.id}`,
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
