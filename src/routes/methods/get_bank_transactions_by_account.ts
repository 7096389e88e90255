import { z } from 'zod'
import { heldAccount } from '../../auth/ownership.ts'
import { identifier } from '../../frappe/arguments.ts'
import { readAll } from '../../transactions/read-all.ts'
import { namesOf, withCategory } from '../../transactions/with-category.ts'
import { defineMethod } from '../context.ts'
import { toFilter, transactionArguments } from './transaction-arguments.ts'

/** The transactions of one account, each with its category's name. */
export const getBankTransactionsByAccount = defineMethod({
  name: 'bank_api.bridge.get_bank_transactions_by_account',
  params: z.object({ ...transactionArguments, account_id: identifier }),
  async run(context, { account_id, lang, user, site, ...range }) {
    const held = await heldAccount(context, account_id, { user, site })

    const filter = { accountId: account_id, ...toFilter(range, held.site.timeZone) }
    const tree = await context.reference.categories(context.language(lang))
    const most = context.settings.maxTransactions
    const rows = await readAll(context.bridge, held.bridgeUser, filter, { most })

    context.fresh.item(held.item)
    const named = withCategory(rows, namesOf(tree))
    return context.present.list(named, context.present.transaction)
  },
})
