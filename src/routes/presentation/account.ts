import type { Account } from '../../bridge/resources/accounts.ts'
import type { Item } from '../../db/store.ts'

/** An account as Bridge 2021-06-01 described it (Bridge: account resource). */
export interface V2021Account {
  id: number
  name: string | null
  balance: number | null
  status: number
  status_code_info: string | null
  status_code_description: string | null
  updated_at: string | null
  type: string | null
  currency_code: string | null
  item_id: number
  bank_id: number | null
  loan_details: V2021LoanDetails | null
  savings_details: unknown
  is_pro: boolean
  iban: string | null
}

interface V2021LoanDetails {
  next_payment_date: string | null
  next_payment_amount: number | null
  maturity_date: string | null
  opening_date: string | null
  interest_rate: number | null
  type: string | null
  borrowed_capital: number | null
  repaid_capital: number | null
  remaining_capital: number | null
}

/**
 * The 2021 shape of an account. An account has no status of its own since 2025-01-15: it gets its item's, which used the
 * same codes. Healthy accounts had no status info.
 */
export const toV2021Account = (
  account: Account,
  item: Pick<Item, 'status' | 'statusCodeInfo' | 'providerId'>,
): V2021Account => ({
  id: account.id,
  name: account.name ?? null,
  balance: account.balance ?? null,
  status: item.status,
  status_code_info: item.status === 0 ? null : (item.statusCodeInfo?.toUpperCase() ?? null),
  status_code_description: null,
  updated_at: account.updated_at ?? null,
  type: account.type ?? null,
  currency_code: account.currency_code ?? null,
  item_id: account.item_id,
  bank_id: account.provider_id ?? item.providerId,
  loan_details: toV2021LoanDetails(account.loan_details),
  savings_details: account['savings_details'] ?? null,
  is_pro: account.pro ?? false,
  iban: account.iban ?? null,
})

const toV2021LoanDetails = (loan: Account['loan_details']): V2021LoanDetails | null =>
  loan
    ? {
        next_payment_date: loan.next_payment_date ?? null,
        next_payment_amount: loan.next_payment_amount ?? null,
        maturity_date: loan.maturity_date ?? null,
        opening_date: loan.opening_date ?? null,
        interest_rate: loan.interest_rate ?? null,
        type: loan.type ?? null,
        borrowed_capital: loan.borrowed_capital ?? null,
        repaid_capital: loan.repaid_capital ?? null,
        remaining_capital: loan.remaining_capital ?? null,
      }
    : null
