import { z } from 'zod'
import { ownedAccount, markIfMissing, refuseGone } from '../../auth/ownership.ts'
import { identifier } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'
import { readTransactions } from './read-transactions.ts'
import { toFilter, transactionArguments } from './transaction-arguments.ts'

/** The transactions of one account, each with its category's name. */
export const getBankTransactionsByAccount = defineMethod({
  name: 'bank_api.bridge.get_bank_transactions_by_account',
  params: z.object({ ...transactionArguments, account_id: identifier }),
  async run(context, { account_id, lang, user, site, ...range }) {
    const held = await ownedAccount(context, account_id, { user, site })

    const filter = { accountId: account_id, ...toFilter(range, held.site.timeZone) }
    const { bridgeUser } = held
    const reading = readTransactions(context, {
      bridgeUser,
      filter,
      lang,
      onNothing: () => refuseGone(context, held),
    })
    const list = await markIfMissing(context, held, reading)

    context.fresh.item(held.item)
    return list
  },
})
