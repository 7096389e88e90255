import { z } from 'zod'
import { loose, toFields } from '../../bridge/fields.ts'
import { account, type Account } from '../../bridge/resources/accounts.ts'
import type { Replacement } from '../../db/ports/accounts.ts'
import type { Item } from '../../db/ports/items.ts'
import { toV2021Info } from './item.ts'

const replaces = z
  .strictObject({
    item_id: z.int(),
    account_id: z.int(),
    data_until: z.iso
      .datetime()
      .nullable()
      .describe('Until when the bank had been read for it; null when that is not known.'),
  })
  .optional()
  .describe(
    'The account that this one came in the place of: the same IBAN, of a connection that is no more.',
  )

/** Bridge's account, and what we know of where it comes from. */
export const ourAccount = account.extend({ replaces }).meta({ id: 'Account' })

/** What we say of the account that another one replaced. */
export const toReplaces = ({
  replacedItemId,
  replacedAccountId,
  dataUntil,
}: Replacement): z.output<typeof replaces> => ({
  item_id: replacedItemId,
  account_id: replacedAccountId,
  data_until: dataUntil === null ? null : new Date(dataUntil).toISOString(),
})

/**
 * An account as Bridge 2021-06-01 described it (Bridge: account resource).
 * What is unknown here passes as it came; null when it did not.
 */
export const v2021Account = z
  .strictObject({
    id: z.int(),
    name: loose(z.string()),
    balance: loose(z.number()),
    status: z.int(),
    status_code_info: z.string().nullable(),
    status_code_description: z.string().nullable(),
    updated_at: loose(z.string()),
    type: loose(z.string()),
    currency_code: loose(z.string()),
    item_id: z.int(),
    bank_id: loose(z.int()),
    loan_details: z.unknown(),
    savings_details: z.unknown(),
    is_pro: loose(z.boolean()),
    iban: loose(z.string()),
    replaces,
  })
  .meta({ id: 'Account2021' })
export type V2021Account = z.output<typeof v2021Account>

/**
 * The 2021 shape of an account. An account has no status of its own since 2025-01-15: it gets its item's, which used the
 * same codes.
 */
export const toV2021Account = (
  account: Account,
  item: Pick<Item, 'status' | 'statusCodeInfo' | 'providerId'>,
): V2021Account => ({
  id: account.id,
  name: account.name ?? null,
  balance: account.balance ?? null,
  status: item.status,
  status_code_info: toV2021Info(item.status, item.statusCodeInfo),
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

const loanFields = [
  'next_payment_date',
  'next_payment_amount',
  'maturity_date',
  'opening_date',
  'interest_rate',
  'type',
  'borrowed_capital',
  'repaid_capital',
  'remaining_capital',
]

function toV2021LoanDetails(details: unknown): unknown {
  const loan = toFields(details)
  if (!loan) return details ?? null
  return Object.fromEntries(loanFields.map((name) => [name, loan[name] ?? null]))
}
