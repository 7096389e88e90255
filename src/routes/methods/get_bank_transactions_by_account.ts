import { z } from 'zod'
import { markIfMissing, refuseGone } from '../../ownership/gone-items.ts'
import { ownedAccount } from '../../ownership/ownership.ts'
import { defineMethod } from '../context.ts'
import { itemHeaders } from '../freshness.ts'
import { listOf } from '../presentation/forms.ts'
import { namedTransaction, v2021Transaction } from '../presentation/transaction.ts'
import { accountId } from './shared-arguments.ts'
import { readTransactions } from './read-transactions.ts'
import { toFilter, transactionArguments } from './transaction-arguments.ts'

export const getBankTransactionsByAccount = defineMethod({
  name: 'bank_api.bridge.get_bank_transactions_by_account',
  tag: 'transactions',
  summary: "All transactions of an account, each with its category's name.",
  effect: 'reads',
  params: z.object({ ...transactionArguments, account_id: accountId }),
  result: listOf(namedTransaction, v2021Transaction),
  headers: itemHeaders,
  example: { account_id: 73095632, min_date: '2026-01-01' },
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
