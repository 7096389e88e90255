import { z } from 'zod'
import type { Api } from '../api.ts'
import { bridgeId, loosely } from '../fields.ts'
import { pageOf } from '../transport/pagination.ts'

/** One transaction. `deleted` rows come only when `since` is given. Ids exceed 32 bits. */
export const transaction = z.looseObject({
  id: bridgeId,
  account_id: bridgeId,
  amount: loosely(z.number()),
  currency_code: loosely(z.string()),
  clean_description: loosely(z.string()),
  provider_description: loosely(z.string()),
  date: loosely(z.string()),
  booking_date: loosely(z.string()),
  transaction_date: loosely(z.string()),
  value_date: loosely(z.string()),
  updated_at: loosely(z.string()),
  category_id: loosely(z.int()),
  operation_type: loosely(z.string()),
  deleted: loosely(z.boolean()),
  future: loosely(z.boolean()),
  bridge_payment_information: z.unknown().optional(),
})
export type Transaction = z.output<typeof transaction>

const page = pageOf(transaction)

export interface TransactionFilter {
  accountId?: number | undefined
  /** ISO 8601 in UTC; rows whose `updated_at` is after it, deleted ones too. */
  since?: string | undefined
  /** ISO 8601 in UTC; rows whose `updated_at` is before it. */
  until?: string | undefined
  /** yyyy-mm-dd, against the row's `date`. */
  minDate?: string | undefined
  maxDate?: string | undefined
}

export interface Transactions {
  /** The transactions of the user's accounts, 500 a page at most, asked for as they are consumed. */
  pages(userUuid: string, filter?: TransactionFilter): AsyncIterable<Transaction[]>
  /** Milliseconds until so many pages could have been asked for, were nobody else to come; 0: now. */
  waitFor(userUuid: string, pages: number): number
}

export function createTransactions(api: Api): Transactions {
  return {
    pages: (userUuid, filter = {}) =>
      api.pages(
        {
          method: 'GET',
          route: '/v3/aggregation/transactions',
          user: userUuid,
          query: {
            account_id: filter.accountId,
            since: filter.since,
            until: filter.until,
            min_date: filter.minDate,
            max_date: filter.maxDate,
          },
        },
        page,
      ),
    waitFor: api.waitFor,
  }
}
