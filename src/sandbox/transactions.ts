import { accountId } from './account-kinds.ts'
import { itemOfTransaction, type Row } from './item-ledger.ts'
import { iso, isoDate } from './times.ts'
import type { Switches } from './switches.ts'

/**
 * A row as v3 answers it (Bridge, "Get transaction"): `date` always equals another of the dates,
 * and a date the bank has not given is absent.
 */
export function toTransaction(row: Row, set: Switches): object {
  const { text } = row
  const who = {
    id: row.id,
    account_id: accountId(itemOfTransaction(row.id), row.position),
  }
  const updated = iso(row.updatedAt)
  if (row.state === 'deleted' && set.deletedRows === 'idOnly') {
    return { ...who, updated_at: updated, deleted: true }
  }
  const date = isoDate(row.day)
  const carded = text.operation === 'card'
  const made = isoDate(row.made)
  return {
    ...who,
    clean_description: text.clean,
    provider_description: text.raw
      .replace('{d}', made.split('-').toReversed().join('/'))
      .replace('{n}', String(row.number).padStart(6, '0')),
    amount: row.cents / 100,
    currency_code: 'EUR',
    date,
    ...(row.state === 'pending' || row.state === 'future' ? {} : { booking_date: date }),
    ...(carded ? { transaction_date: made } : {}),
    ...(row.state === 'pending' ? {} : { value_date: date }),
    updated_at: updated,
    category_id: text.category,
    operation_type: set.enums === 'unknown' ? `new_${text.operation}` : text.operation,
    deleted: row.state === 'deleted',
    future: row.state === 'future',
  }
}
