import { accountId, isWithheld, sharedAccounts } from './account-kinds.ts'
import { isoSecond } from './times.ts'
import type { Box } from './box.ts'
import type { Item } from './state.ts'

export type Trigger = 'connect' | 'scheduler' | 'api'

const who = (item: Item): { item_id: number; user_uuid: string } => ({
  item_id: item.id,
  user_uuid: item.userUuid,
})

/** Bridge, "Webhooks events": sent as soon as credentials are there, before they are tried. */
export function sendItemCreated({ webhooks }: Box, item: Item): void {
  webhooks.enqueue('item.created', who(item))
}

/** Sent when an item is deleted by the API. */
export function sendItemDeleted({ webhooks }: Box, item: Item): void {
  webhooks.enqueue('item.deleted', who(item))
}

/** Sent after each refresh, whether it went well or not. */
export function sendItemRefreshed(
  { webhooks }: Box,
  item: Item,
  refresh: { full: boolean; trigger: Trigger },
): void {
  webhooks.enqueue('item.refreshed', {
    account_types: item.accountTypes,
    full_refresh: refresh.full,
    refresh_trigger: refresh.trigger,
    ...who(item),
    status_code: item.status,
    status_code_info: item.info,
    ...(item.consentUntil === undefined
      ? {}
      : { authentication_expires_at: isoSecond(item.consentUntil) }),
  })
}

/** One event for each account at `positions`; a withheld account has neither balance nor counters. */
export function sendAccounts(
  box: Box,
  item: Item,
  what: 'created' | 'updated' | 'deleted',
  positions: readonly number[] = sharedAccounts(item.accountTypes),
): void {
  const { switches, ledgers, webhooks } = box
  const ledger = ledgers.now(item)
  for (const position of positions) {
    const ids = { account_id: accountId(item.id, position), ...who(item) }
    const type = `item.account.${what}`
    const counts = ledger.counts[position] ?? { created: 0, updated: 0, deleted: 0 }
    if (what === 'deleted' && switches.accountDeletedPayload === 'ids') webhooks.enqueue(type, ids)
    else if (isWithheld(position, switches)) {
      webhooks.enqueue(type, { ...ids, data_access: 'disabled' })
    } else {
      webhooks.enqueue(type, {
        ...ids,
        balance: (ledger.balances[position]?.booked ?? 0) / 100,
        ...(switches.dataAccess === 'present' ? { data_access: 'enabled' } : {}),
        ...(what === 'updated'
          ? {
              nb_deleted_transactions: counts.deleted,
              nb_new_transactions: counts.created,
              nb_updated_transactions: counts.updated,
            }
          : {}),
      })
    }
  }
}
