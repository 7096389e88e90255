import type { Transaction } from '../../bridge/resources/transactions.ts'

/** A transaction with the name of its category, which is our own field and stays in every presentation. */
export type NamedTransaction = Transaction & { category: string | null }

/**
 * A transaction as Bridge 2021-06-01 described it (Bridge: data fetching), and our `category`.
 * What is unknown here passes as it came; null when it did not.
 */
export interface V2021Transaction {
  id: number
  clean_description: unknown
  bank_description: unknown
  amount: unknown
  date: unknown
  booking_date: unknown
  transaction_date: unknown
  value_date: unknown
  updated_at: unknown
  currency_code: unknown
  is_deleted: unknown
  category_id: unknown
  account_id: number
  is_future: unknown
  show_client_side: boolean
  category: string | null
}

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
