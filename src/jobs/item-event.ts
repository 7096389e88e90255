import { ownEvent, type OwnEventDeps } from '../vault/own-event.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { OwnedItem } from '../db/ports/items.ts'

/**
 * An event of ours about an item. Each call makes another one: whoever stores it sees to it that there is one only. `more`
 * has every key the contract names, null where there is nothing to say.
 */
export function itemEvent(
  deps: OwnEventDeps,
  { item, user, site }: OwnedItem,
  { type, more }: { type: 'consent.expiring' | 'item.action_required'; more: object },
  at: number,
): NewEvent {
  const content = {
    item_id: item.id,
    bank: item.bank ?? item.providerName,
    site: site.name,
    user: user.name === '' ? null : user.name,
    ...more,
  }
  const about = { userId: user.id, siteId: site.id, itemId: item.id }
  return ownEvent(deps, { type, content, ...about }, at)
}
