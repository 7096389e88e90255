import { z } from 'zod'
import { ownedItem, keepAccounts, markIfMissing, refuseGone } from '../../auth/ownership.ts'
import { toTime } from '../../bridge/fields.ts'
import type { Account } from '../../bridge/resources/accounts.ts'
import { identifier, optionalText } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

/** All accounts of an item, as Bridge describes them. */
export const getBankAccounts = defineMethod({
  name: 'bank_api.bridge.get_bank_accounts',
  params: z.object({ item_id: identifier, user: optionalText(), site: optionalText() }),
  async run(context, { item_id, ...selector }) {
    const held = await ownedItem(context, item_id, selector)

    const accounts = await markIfMissing(
      context,
      held,
      context.bridge.accounts.list(held.bridgeUser, { itemId: item_id }),
    )
    if (accounts.length === 0) await refuseGone(context, held)
    await keepAccounts(context, accounts)
    context.fresh.item(held.item, oldestOf(accounts))

    return context.present.list(accounts, context.present.account(held.item))
  },
})

const oldestOf = (accounts: readonly Account[]): number | null => {
  const times = accounts.flatMap(({ updated_at: at }) => toTime(at) ?? [])
  return times.length > 0 ? Math.min(...times) : null
}
