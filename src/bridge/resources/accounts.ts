import { z } from 'zod'
import type { Api } from '../api.ts'
import { pageOf } from '../pagination.ts'

const loanDetails = z.looseObject({
  type: z.string().nullish(),
  opening_date: z.string().nullish(),
  maturity_date: z.string().nullish(),
  interest_rate: z.number().nullish(),
  borrowed_capital: z.number().nullish(),
  repaid_capital: z.number().nullish(),
  remaining_capital: z.number().nullish(),
  next_payment_date: z.string().nullish(),
  next_payment_amount: z.number().nullish(),
})

/** One account of an item. With `data_access` "disabled" Bridge withholds IBAN, balances and loan. */
export const account = z.looseObject({
  id: z.int(),
  item_id: z.int(),
  provider_id: z.int().nullish(),
  name: z.string().nullish(),
  type: z.string().nullish(),
  balance: z.number().nullish(),
  accounting_balance: z.number().nullish(),
  instant_balance: z.number().nullish(),
  currency_code: z.string().nullish(),
  iban: z.string().nullish(),
  pro: z.boolean().nullish(),
  data_access: z.string().nullish(),
  last_refresh_status: z.string().nullish(),
  loan_details: loanDetails.nullish(),
  updated_at: z.string().nullish(),
})
export type Account = z.output<typeof account>

const page = pageOf(account)

export interface Accounts {
  /** All accounts of the user, or of one item. */
  list(userUuid: string, filter?: { itemId?: number | undefined }): Promise<Account[]>
  get(userUuid: string, accountId: number): Promise<Account>
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
    get: (userUuid, accountId) =>
      api.send(
        {
          method: 'GET',
          route: '/v3/aggregation/accounts/{id}',
          id: accountId,
          user: userUuid,
        },
        account,
      ),
  }
}
