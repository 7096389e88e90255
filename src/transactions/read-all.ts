import type { BridgeResources } from '../bridge/client.ts'
import type { Transaction, TransactionFilter } from '../bridge/resources/transactions.ts'
import { toText } from '../bridge/fields.ts'
import { ValidationError } from '../errors.ts'

/**
 * Every transaction that fits the filter, all of Bridge's pages; never cut silently. Above `most` a ValidationError that
 * names a date range, or else an account, that fits. `belongs` picks what Bridge has no filter for.
 */
export async function readAll(
  bridge: BridgeResources,
  bridgeUser: string,
  filter: TransactionFilter,
  { most, belongs = () => true }: { most: number; belongs?: (row: Transaction) => boolean },
): Promise<Transaction[]> {
  let rows: Transaction[] = []
  const tooMany = createCount()
  for await (const page of bridge.transactions.pages(bridgeUser, filter)) {
    const fitting = page.filter(belongs)
    if (tooMany.total === 0 && rows.length + fitting.length <= most) {
      rows.push(...fitting)
      continue
    }
    // From here on only days and accounts are counted, so that the advice is true and memory stays flat.
    tooMany.add(rows)
    tooMany.add(fitting)
    rows = []
  }
  if (tooMany.total > 0) throw new ValidationError(tooMany.advice(most))
  return rows
}

function createCount() {
  const byDay = new Map<string, number>()
  const byAccount = new Map<number, number>()
  const count = {
    total: 0,
    add(rows: readonly Transaction[]): void {
      for (const { date, account_id: account } of rows) {
        const day = toText(date) ?? ''
        byDay.set(day, (byDay.get(day) ?? 0) + 1)
        byAccount.set(account, (byAccount.get(account) ?? 0) + 1)
        count.total += 1
      }
    },
    advice(most: number): string {
      const start = `${count.total} transactions are more than one answer holds (${most})`
      const minDate = newestDays(byDay, most)
      if (minDate !== undefined) {
        return `${start}: ask for fewer, as with min_date=${minDate}, and earlier ones with max_date`
      }
      const account = largestFitting(byAccount, most)
      if (account !== undefined) return `${start}: ask by account, as with account_id=${account}`
      return `${start}, and so are those of one day: the administrator of Bank API can raise MAX_TRANSACTIONS`
    },
  }
  return count
}

/** The earliest day from which on everything fits. */
function newestDays(byDay: ReadonlyMap<string, number>, most: number): string | undefined {
  let sum = byDay.get('') ?? 0 // rows without a date pass any filter, as far as we know
  let first: string | undefined
  for (const day of [...byDay.keys()].filter(Boolean).toSorted().toReversed()) {
    sum += byDay.get(day) ?? 0
    if (sum > most) break
    first = day
  }
  return first
}

const largestFitting = (byAccount: ReadonlyMap<number, number>, most: number): number | undefined =>
  [...byAccount].filter(([, count]) => count <= most).toSorted(([, a], [, b]) => b - a)[0]?.[0]
