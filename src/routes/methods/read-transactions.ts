import type { TransactionFilter } from '../../bridge/resources/transactions.ts'
import type { JsonBytes } from '../../json-bytes.ts'
import { readAll } from '../../transactions/read-all.ts'
import { namesOf, withCategory } from '../../transactions/with-category.ts'
import type { MethodContext } from '../context.ts'

/** What a caller wants to read, once it is known to be his. */
interface Wanted {
  bridgeUser: string
  filter: TransactionFilter
  /** Only these accounts, for which Bridge has no filter. */
  accounts?: readonly number[] | undefined
  lang: string | undefined
  /** Called when there is nothing at all, whatever the dates: an item that is gone reads so too. */
  onNothing(): Promise<unknown>
}

/** A Bridge user's transactions as the caller's list, each with its category's name. Equal calls at the same time read once. */
export async function readTransactions(
  context: MethodContext,
  { bridgeUser, filter, accounts, lang, onNothing }: Wanted,
): Promise<JsonBytes> {
  const { present, reference, settings } = context
  const language = context.language(lang)
  const names = namesOf(await reference.categories(language))
  const only = accounts && new Set(accounts)

  const key = [bridgeUser, filter, accounts?.toSorted() ?? null, language, present.bridgeVersion]
  const rows = await context.shared(JSON.stringify(key), (bridge, onBytes) =>
    readAll(bridge, {
      bridgeUser,
      filter,
      limit: settings.maxTransactions,
      readable: settings.readableTransactions,
      belongs: only && ((row) => only.has(row.account_id)),
      write: (page) => withCategory(page, names).map(present.transaction),
      onBytes,
    }),
  )
  const { since, until, minDate, maxDate } = filter
  const isWhole = [since, until, minDate, maxDate].every((bound) => bound === undefined)
  if (isWhole && rows.length === '[]'.length) await onNothing()
  return present.written(rows)
}
