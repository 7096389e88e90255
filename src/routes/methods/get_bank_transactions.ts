import { z } from 'zod'
import {
  accountsOf,
  heldAccount,
  heldItem,
  heldUser,
  lookForGone,
  reaching,
  refuseGone,
} from '../../auth/ownership.ts'
import { identifier, optional } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'
import { readTransactions } from './read-transactions.ts'
import { toFilter, transactionArguments } from './transaction-arguments.ts'

/** The transactions of all the user's accounts, or of one item or account; each with its category's name. */
export const getBankTransactions = defineMethod({
  name: 'bank_api.bridge.get_bank_transactions',
  params: z.object({
    ...transactionArguments,
    item_id: optional(identifier),
    account_id: optional(identifier),
  }),
  async run(context, { item_id, account_id, lang, user, site, ...range }) {
    const hint = { user, site }
    const account =
      account_id === undefined ? undefined : await heldAccount(context, account_id, hint)
    const item = item_id === undefined ? undefined : await heldItem(context, item_id, hint)
    const holder = account ?? item ?? (await heldUser(context, hint))

    const filter = { accountId: account_id, ...toFilter(range, holder.site.timeZone) }
    const accounts = item && (await accountsOf(context, item))
    const { bridgeUser } = holder
    const one = account ?? item
    const reading = readTransactions(context, {
      bridgeUser,
      filter,
      accounts,
      lang,
      onNothing: () => (one ? refuseGone(context, one) : lookForGone(context, holder)),
    })
    const list = await reaching(context, one ?? holder, reading)

    if (one) context.fresh.item(one.item)
    else context.fresh.items(await context.store.listItems(holder.user.id))
    return list
  },
})
