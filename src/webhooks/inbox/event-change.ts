import { toInteger, toText, toTime } from '../../bridge/fields.ts'
import { isHealthy } from '../../bridge/resources/items.ts'
import type { BridgeEvent } from '../../bridge/events/webhook-events.ts'
import type { EventChange } from '../../db/ports/events.ts'

type Refresh = BridgeEvent & { known: true; type: 'item.refreshed' }

/** Whether more follows from an event than it changes: a refreshed item may end a connect request. */
export const isRefresh = (event: BridgeEvent): event is Refresh =>
  event.known && event.type === 'item.refreshed'

/** What an event of Bridge's changes for us; undefined for those we only pass on (Bridge: webhooks events). */
export function toChange(event: BridgeEvent, userId: string, at: number): EventChange | undefined {
  if (!event.known) return undefined
  if (event.type === 'user.deleted') {
    return { kind: 'user-gone', userId, userUuid: event.content.user_uuid, at }
  }
  if (event.type === 'item.deleted') {
    return { kind: 'item-gone', userId, itemId: event.content.item_id, at }
  }
  if (event.type === 'item.account.created' || event.type === 'item.account.updated') {
    const { item_id: itemId, account_id: accountId } = event.content
    return { kind: 'account', userId, itemId, accountId, at }
  }
  // Sent when the user gave credentials, before anything succeeded: it says that the item is there, no more.
  if (event.type === 'item.created') {
    return toItem(userId, event.content.item_id, at, {})
  }
  if (isRefresh(event)) {
    return toItem(userId, event.content.item_id, at, event.content)
  }
  return undefined
}

type ItemContent = Partial<Refresh['content']>

function toItem(userId: string, itemId: number, at: number, content: ItemContent): EventChange {
  const status = toInteger(content.status_code)
  return {
    kind: 'item',
    userId,
    itemId,
    at,
    status,
    statusCodeInfo: toText(content.status_code_info),
    authenticationExpiresAt: toTime(content.authentication_expires_at),
    accountTypes: toText(content.account_types),
    ...(status !== null && { refreshed: isHealthy(status) }),
  }
}
