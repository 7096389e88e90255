import { z } from 'zod'
import { accountsOf } from '../../ownership/accounts.ts'
import { lookForGone, markIfMissing, refuseGone } from '../../ownership/gone-items.ts'
import { ownedAccount, ownedItem, ownedUser } from '../../ownership/ownership.ts'
import { ValidationError } from '../../errors.ts'
import { optional } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'
import { itemHeaders } from '../freshness.ts'
import { listOf } from '../presentation/forms.ts'
import { namedTransaction, v2021Transaction } from '../presentation/transaction.ts'
import { accountId, itemId } from './shared-arguments.ts'
import { readTransactions } from './read-transactions.ts'
import { toFilter, transactionArguments } from './transaction-arguments.ts'

export const getBankTransactions = defineMethod({
  name: 'bank_api.bridge.get_bank_transactions',
  tag: 'transactions',
  summary:
    "All transactions of the user's accounts, or of one item or account, each with its category's name.",
  effect: 'reads',
  params: z.object({
    ...transactionArguments,
    item_id: optional(itemId),
    account_id: optional(accountId),
  }),
  result: listOf(namedTransaction, v2021Transaction),
  headers: itemHeaders,
  example: { since: '2026-01-31', lang: 'fr' },
  async run(context, { item_id, account_id, lang, user, site, ...range }) {
    const selector = { user, site }
    const account =
      account_id === undefined ? undefined : await ownedAccount(context, account_id, selector)
    const item = item_id === undefined ? undefined : await ownedItem(context, item_id, selector)
    if (account && item && account.item.id !== item.item.id) {
      throw new ValidationError('argument_invalid.other_item', { name: 'account_id' })
    }
    const holder = account ?? item ?? (await ownedUser(context, selector))

    const filter = { accountId: account_id, ...toFilter(range, holder.site.timeZone) }
    const accounts = item && !account ? await accountsOf(context, item) : undefined
    const { bridgeUser } = holder
    const connection = account ?? item
    const reading = readTransactions(context, {
      bridgeUser,
      filter,
      accounts,
      lang,
      onNothing: () =>
        connection ? refuseGone(context, connection) : lookForGone(context, holder),
    })
    const list = await markIfMissing(context, connection ?? holder, reading)

    if (connection) context.fresh.item(connection.item)
    else context.fresh.items(await context.store.listItems(holder.user.id))
    return list
  },
})
