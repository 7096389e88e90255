import { sealOwnEvent, type OwnEventDeps } from '../vault/seal-own-event.ts'
import type { ItemFacts } from '../db/ports/items.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { OwnedRequest } from '../db/ports/requests.ts'
import { itemContent, itemOwner } from './item-event.ts'

/** The `connect.completed` that tells a site its request ended with this item; one for each request and item. */
export function completedEvent(
  deps: OwnEventDeps,
  { request, user, site }: OwnedRequest,
  item: ItemFacts,
  at: number,
): NewEvent {
  const type = 'connect.completed'
  const owned = { item: { ...item, bank: request.bank }, user, site }
  const content = {
    request: request.id,
    ...itemContent(owned),
    success: true as const,
    status: item.status,
    status_code_info: item.statusCodeInfo,
    step: null,
  }
  const dedupeKey = `${type}:${request.id}:${item.id}`
  return sealOwnEvent(deps, { type, content, dedupeKey, ...itemOwner(owned) }, at)
}
