import type { BridgeResources } from '../bridge/client.ts'
import { toText } from '../bridge/fields.ts'
import { pageSize } from '../bridge-bounds.ts'
import type { Transaction, TransactionFilter } from '../bridge/resources/transactions.ts'
import { ValidationError } from '../errors.ts'
import type { JsonBytes } from '../json-bytes.ts'
import { text, type AdviceKey, type Text } from '../texts/say.ts'
import { createDaysSeen } from './days-seen.ts'
import { createRowList } from './row-list.ts'

/** What is wanted of a user's transactions, and in which words. */
interface TransactionQuery {
  bridgeUser: string
  filter: TransactionFilter
  /** How many one answer holds. */
  limit: number
  /** How many one read can ever have, those included that do not belong. */
  readable: number
  /** Picks what Bridge has no filter for. */
  belongs?: ((row: Transaction) => boolean) | undefined
  /** The rows as the answer has them, in the same order. */
  write(rows: readonly Transaction[]): readonly object[]
  /** Hears how many bytes each page came to; may throw to end the reading. */
  onBytes(bytes: number): void
}

/**
 * Every transaction that is wanted, of all of Bridge's pages, as a JSON array; never cut silently. Above `limit` it stops with
 * a ValidationError that says what to ask for instead.
 */
export async function readAll(
  bridge: BridgeResources,
  reading: TransactionQuery,
): Promise<JsonBytes> {
  const { bridgeUser, filter, limit, belongs = () => true, write } = reading
  const list = createRowList()
  const days = createDaysSeen()
  let seen = 0
  for await (const page of bridge.transactions.pages(bridgeUser, filter)) {
    seen += page.length
    const rows = page.filter(belongs)
    days.add(page.map(({ date }) => toText(date)))
    reading.onBytes(
      list.add(
        write(rows),
        rows.map(({ id }) => id),
      ),
    )
    if (list.size > limit) throw tooMany(bridge, reading, days.from(fittingNow(bridge, reading)))
    if (seen > reading.readable) throw tooManyToLookThrough(bridge, reading)
  }
  return list.bytes()
}

/** Calls that the next read makes besides its pages: for the item's accounts, and to see that no more follows. The item is known by now. */
const callsBesidesNext = 2

/** How many rows can be had at once, by the calls that the user has left this minute. */
function fittingNow(bridge: BridgeResources, { bridgeUser, limit }: TransactionQuery): number {
  let pages = Math.ceil(limit / pageSize)
  while (pages > 0 && bridge.transactions.waitFor(bridgeUser, pages + callsBesidesNext) > 0)
    pages -= 1
  return Math.min(limit, pages * pageSize)
}

function tooMany(
  bridge: BridgeResources,
  reading: TransactionQuery,
  minDate: string | undefined,
): ValidationError {
  const advice =
    minDate === undefined ? withoutDate(bridge, reading) : text('advice.fewer', { date: minDate })
  return new ValidationError('too_many_transactions', { most: reading.limit, advice })
}

/** Of all that is looked through few may belong, and yet no wait would ever suffice. */
const tooManyToLookThrough = (
  bridge: BridgeResources,
  reading: TransactionQuery,
): ValidationError =>
  new ValidationError('too_many_transactions.to_look_through', {
    most: reading.readable,
    advice: withoutDate(bridge, reading),
  })

/** What else to ask for, and when: the read may have spent the calls that it takes. */
function withoutDate(
  bridge: BridgeResources,
  { bridgeUser, filter }: TransactionQuery,
): Text<AdviceKey> {
  const advice = narrower(filter)
  const waitMs = bridge.transactions.waitFor(bridgeUser, 1 + callsBesidesNext)
  if (waitMs <= 0 || advice.key === 'advice.raise_limit') return advice
  return text('advice.later', { seconds: Math.ceil(waitMs / 1_000), advice })
}

function narrower({ accountId, minDate, maxDate }: TransactionFilter): Text<AdviceKey> {
  const isOneDay = minDate !== undefined && minDate === maxDate
  if (accountId === undefined) {
    return text(isOneDay ? 'advice.account' : 'advice.range_or_account')
  }
  return text(isOneDay ? 'advice.raise_limit' : 'advice.range')
}
