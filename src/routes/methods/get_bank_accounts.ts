import { z } from 'zod'
import { readAccounts } from '../../ownership/accounts.ts'
import { refuseGone } from '../../ownership/gone-items.ts'
import { ownedItem } from '../../ownership/ownership.ts'
import { toTime } from '../../bridge/fields.ts'
import type { Account } from '../../bridge/resources/accounts.ts'
import { defineMethod } from '../context.ts'
import { itemHeaders } from '../freshness.ts'
import { ourAccount, toReplaces, v2021Account } from '../presentation/account.ts'
import { listOf } from '../presentation/forms.ts'
import { itemId, site, user } from './shared-arguments.ts'

export const getBankAccounts = defineMethod({
  name: 'bank_api.bridge.get_bank_accounts',
  tag: 'accounts',
  summary: 'All accounts of a connection.',
  effect: 'reads',
  params: z.object({ item_id: itemId, user, site }),
  result: listOf(ourAccount, v2021Account),
  headers: itemHeaders,
  example: { item_id: 4568477 },
  async run(context, { item_id, ...selector }) {
    const held = await ownedItem(context, item_id, selector)

    const { accounts, replacements } = await readAccounts(context, held)
    if (accounts.length === 0) await refuseGone(context, held)
    context.fresh.item(held.item, oldestOf(accounts))

    const before = new Map(replacements.map((one) => [one.accountId, toReplaces(one)]))
    const present = context.present.account(held.item)
    return context.present.list(accounts, (account) => {
      const replaces = before.get(account.id)
      return replaces ? { ...present(account), replaces } : present(account)
    })
  },
})

const oldestOf = (accounts: readonly Account[]): number | null => {
  const times = accounts.flatMap(({ updated_at: at }) => toTime(at) ?? [])
  return times.length > 0 ? Math.min(...times) : null
}
