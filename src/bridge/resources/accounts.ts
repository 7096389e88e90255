import { z } from 'zod'
import type { Api } from '../api.ts'
import { bridgeId, loosely } from '../fields.ts'
import { pageOf } from '../transport/pagination.ts'

const loanDetails = z.looseObject({
  type: loosely(z.string()),
  opening_date: loosely(z.string()),
  maturity_date: loosely(z.string()),
  interest_rate: loosely(z.number()),
  borrowed_capital: loosely(z.number()),
  repaid_capital: loosely(z.number()),
  remaining_capital: loosely(z.number()),
  next_payment_date: loosely(z.string()),
  next_payment_amount: loosely(z.number()),
})

/** One account of an item. With `data_access` "disabled" Bridge withholds IBAN, balances and loan. */
export const account = z.looseObject({
  id: bridgeId,
  item_id: bridgeId,
  provider_id: loosely(z.int()),
  name: loosely(z.string()),
  type: loosely(z.string()),
  balance: loosely(z.number()),
  accounting_balance: loosely(z.number()),
  instant_balance: loosely(z.number()),
  currency_code: loosely(z.string()),
  iban: loosely(z.string()),
  pro: loosely(z.boolean()),
  data_access: loosely(z.string()),
  last_refresh_status: loosely(z.string()),
  loan_details: loosely(loanDetails),
  updated_at: loosely(z.string()),
})
export type Account = z.output<typeof account>

const page = pageOf(account)

export interface Accounts {
  /** All accounts of the user, or of one item. */
  list(userUuid: string, filter?: { itemId?: number | undefined }): Promise<Account[]>
}

export function createAccounts(api: Api): Accounts {
  return {
    list: (userUuid, { itemId } = {}) =>
      api.list(
        {
          method: 'GET',
          route: '/v3/aggregation/accounts',
          user: userUuid,
          query: { item_id: itemId },
        },
        page,
      ),
  }
}
