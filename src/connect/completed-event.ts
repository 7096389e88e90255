import { ownEvent, type OwnEventDeps } from '../vault/own-event.ts'
import type { ItemFacts } from '../db/ports/items.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { OwnedRequest } from '../db/ports/requests.ts'

/** The `connect.completed` that tells a site its request ended with this item; one for each request and item. */
export function completedEvent(
  deps: OwnEventDeps,
  { request, user, site }: OwnedRequest,
  item: ItemFacts,
  at: number,
): NewEvent {
  const type = 'connect.completed'
  const content = {
    request: request.id,
    item_id: item.id,
    bank: request.bank ?? item.providerName,
    site: site.name,
    user: user.name === '' ? null : user.name,
    success: true as const,
    status: item.status,
    status_code_info: item.statusCodeInfo,
    step: null,
  }
  const about = { userId: user.id, siteId: site.id, itemId: item.id }
  const dedupeKey = `${type}:${request.id}:${item.id}`
  return ownEvent(deps, { type, content, dedupeKey, ...about }, at)
}
