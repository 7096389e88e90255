import { z } from 'zod'
import { loose } from '../../bridge/fields.ts'
import { transaction } from '../../bridge/resources/transactions.ts'

/** A transaction with the name of its category, which is our own field and stays in every presentation. */
export const namedTransaction = transaction
  .extend({
    category: z.string().nullable().describe('The name of its category; null when it has none.'),
  })
  .meta({ id: 'Transaction' })
export type NamedTransaction = z.output<typeof namedTransaction>

/**
 * A transaction as Bridge 2021-06-01 described it (Bridge: data fetching), and our `category`.
 * What is unknown here passes as it came; null when it did not.
 */
export const v2021Transaction = z
  .strictObject({
    id: z.int(),
    clean_description: loose(z.string()),
    bank_description: loose(z.string()),
    amount: loose(z.number()),
    date: loose(z.string()),
    booking_date: loose(z.string()),
    transaction_date: loose(z.string()),
    value_date: loose(z.string()),
    updated_at: loose(z.string()),
    currency_code: loose(z.string()),
    is_deleted: loose(z.boolean()),
    category_id: loose(z.int()),
    account_id: z.int(),
    is_future: loose(z.boolean()),
    show_client_side: z.boolean(),
    category: z.string().nullable(),
  })
  .meta({ id: 'Transaction2021' })
export type V2021Transaction = z.output<typeof v2021Transaction>

/** The 2021 shape of a transaction. Bridge shows every transaction it gives since 2025-01-15. */
export const toV2021Transaction = (row: NamedTransaction): V2021Transaction => ({
  id: row.id,
  clean_description: row.clean_description ?? null,
  bank_description: row.provider_description ?? null,
  amount: row.amount ?? null,
  date: row.date ?? null,
  booking_date: row.booking_date ?? null,
  transaction_date: row.transaction_date ?? null,
  value_date: row.value_date ?? null,
  updated_at: row.updated_at ?? null,
  currency_code: row.currency_code ?? null,
  is_deleted: row.deleted ?? false,
  category_id: row.category_id ?? null,
  account_id: row.account_id,
  is_future: row.future ?? false,
  show_client_side: true,
  category: row.category,
})
