import { readAccounts } from '../ownership/accounts.ts'
import { ownedRequest } from '../ownership/ownership.ts'
import { toText } from '../bridge/fields.ts'
import type { Account } from '../bridge/resources/accounts.ts'
import type { Transaction } from '../bridge/resources/transactions.ts'
import type { RequestState } from '../db/ports/requests.ts'
import { dayMs } from '../durations.ts'
import type { Language } from '../language.ts'
import { namesOf, withCategory } from '../transactions/with-category.ts'
import type { MethodContext } from './context.ts'

/** An amount as Bridge gave it; null when it did not. */
export interface Money {
  amount: number | null
  currency: string | null
}

export interface WalkAccount extends Money {
  id: number
  name: string | null
}

export interface WalkTransaction extends Money {
  /** yyyy-mm-dd. */
  date: string | null
  text: string | null
  category: string | null
}

/** What became of one walk through the flow. */
export interface Walk {
  request: string
  state: RequestState
  /** Where the user left, when it failed. */
  step: string | null
  bank: string | null
  /** Null while nothing is connected; the transactions are the newest of the first account. */
  connected: {
    itemId: number
    accounts: WalkAccount[]
    transactions: WalkTransaction[]
  } | null
}

const shownTransactions = 8
const shownDays = 30

/**
 * Reads a walk as a site would: what its request ended with, the accounts, the first transactions. Throws a
 * DoesNotExistError for what is not the caller's.
 */
export async function readWalk(
  context: MethodContext,
  id: string,
  language: Language,
): Promise<Walk> {
  const { request, item, user, site } = await ownedRequest(context, id)
  const { state, step } = request
  const walk = { request: id, state, step, bank: request.bank ?? item?.providerName ?? null }
  if (state !== 'completed' || !item || user.userUuid === null) return { ...walk, connected: null }

  const held = { item, user, site, bridgeUser: user.userUuid }
  const { accounts } = await readAccounts(context, held)
  const newest = await newestOf(context, held.bridgeUser, accounts[0])
  const names = namesOf(await context.reference.categories(language))
  const connected = {
    itemId: item.id,
    accounts: accounts.map(toAccount),
    transactions: withCategory(newest, names).map(toTransaction),
  }
  return { ...walk, connected }
}

async function newestOf(
  { bridge, clock }: MethodContext,
  bridgeUser: string,
  account: Account | undefined,
): Promise<Transaction[]> {
  if (!account) return []
  const minDate = new Date(clock.now() - shownDays * dayMs).toISOString().slice(0, 10)
  let first: Transaction[] = []
  for await (const page of bridge.transactions.pages(bridgeUser, {
    accountId: account.id,
    minDate,
  })) {
    first = page
    break
  }
  const dateOf = ({ date }: Transaction): string => toText(date) ?? ''
  return first
    .filter(({ future, deleted }) => future !== true && deleted !== true)
    .toSorted((one, other) => dateOf(other).localeCompare(dateOf(one)))
    .slice(0, shownTransactions)
}

const toNumber = (value: unknown): number | null => (typeof value === 'number' ? value : null)

const toAccount = ({ id, name, balance, currency_code: currency }: Account): WalkAccount => ({
  id,
  name: toText(name),
  amount: toNumber(balance),
  currency: toText(currency),
})

const toTransaction = (row: Transaction & { category: string | null }): WalkTransaction => ({
  date: toText(row.date),
  text: toText(row.clean_description) ?? toText(row.provider_description),
  category: row.category,
  amount: toNumber(row.amount),
  currency: toText(row.currency_code),
})
