import { createHash } from 'node:crypto'
import { accountId, accountKinds, isWithheld } from './account-kinds.ts'
import { fraction } from './chance.ts'
import { demoBank } from './demo-bank.ts'
import { dayOf, iso, isoDate, isoSecond } from './times.ts'
import type { Item } from './state.ts'
import type { Switches } from './switches.ts'
import type { ItemLedger } from './item-ledger.ts'

/** An account as v3 answers it (Bridge, "Get account"); a withheld one without what money it holds. */
export function toAccount(item: Item, ledger: ItemLedger, position: number, set: Switches): object {
  const one = accountKinds[position]
  if (one === undefined) throw new Error(`No account at ${position}`)
  const who = { id: accountId(item.id, position), item_id: item.id, provider_id: demoBank }
  const type = set.enums === 'unknown' && one.type === 'brokerage' ? 'tokenised_fund' : one.type
  if (isWithheld(position, set)) {
    const bare = { ...who, name: one.name, type, data_access: 'disabled' }
    if (set.withheldFields === 'ids') return bare
    return { ...bare, currency_code: 'EUR', pro: one.pro, updated_at: iso(item.createdAt) }
  }
  const { booked, pending } = ledger.balances[position] ?? { booked: 0, pending: 0 }
  return {
    ...who,
    name: one.name,
    type,
    balance: booked / 100,
    ...(one.type === 'checking'
      ? { accounting_balance: booked / 100, instant_balance: (booked + pending) / 100 }
      : {}),
    currency_code: 'EUR',
    ...(one.iban ? { iban: ibanOf(item, position) } : {}),
    pro: one.pro,
    data_access: 'enabled',
    last_refresh_status: set.enums === 'unknown' ? 'partially_successful' : 'successful',
    ...(one.type === 'loan' ? { loan_details: loanOf(item, position, booked) } : {}),
    updated_at: iso(ledger.stamps[position] ?? ledger.at),
  }
}

function loanOf(item: Item, position: number, booked: number): object {
  const home = position === 10
  const remaining = -booked / 100
  const repaid = Math.round(remaining * (0.2 + fraction(item.id, position + 40)))
  const opened = dayOf(item.createdAt) - (home ? 2900 : 800)
  const due = new Date(item.lastSuccess ?? item.createdAt)
  const next = Date.UTC(due.getUTCFullYear(), due.getUTCMonth() + 1, 10)
  return {
    type: home ? 'Prêt immobilier' : 'Prêt automobile',
    opening_date: isoDate(opened),
    maturity_date: isoDate(opened + (home ? 7300 : 1826)),
    interest_rate: home ? 1.45 : 3.9,
    borrowed_capital: Math.round((remaining + repaid) * 100) / 100,
    repaid_capital: repaid,
    remaining_capital: remaining,
    next_payment_date: isoSecond(next).slice(0, 10),
    next_payment_amount: home ? 985.4 : 241.75,
  }
}

/**
 * A French IBAN whose two checksums hold, at bank 99999, which no bank has. It is the person's at that bank, so it outlives a
 * connection: who connects anew has the same. The RIB key weighs bank, branch and account by 89, 15 and 3.
 */
export function ibanOf({ userUuid, providerId }: Item, position: number): string {
  const whose = createHash('sha256').update(`${userUuid} ${providerId} ${position}`).digest()
  const account = whose.readUIntBE(0, 6) % 10 ** 11
  const branch = 1
  const key = 97n - ((89n * 99999n + 15n * BigInt(branch) + 3n * BigInt(account)) % 97n)
  const digits = (value: number | bigint, size: number): string => String(value).padStart(size, '0')
  const national = `99999${digits(branch, 5)}${digits(account, 11)}${digits(key, 2)}`
  // "FR00" behind the national number, letters as 15 and 27.
  const check = 98n - (BigInt(`${national}152700`) % 97n)
  return `FR${digits(check, 2)}${national}`
}
