import { createHash } from 'node:crypto'
import { accountKinds } from './account-kinds.ts'
import { fraction, scramble } from './chance.ts'
import { dayMs } from '../durations.ts'
import { dayOf, isoDate } from './times.ts'
import { monthly, textsOf, type Text } from './transaction-texts.ts'

/** One version of one transaction, as the bank has it. Never changed: a change is another version at the same place. */
export interface BankRow {
  readonly position: number
  readonly cents: number
  /** The day it was made and the day it counts, both counted from 1970. */
  readonly made: number
  readonly day: number
  readonly text: Text
  /** What the bank prints behind it. */
  readonly number: number
  readonly state: 'booked' | 'pending' | 'future' | 'deleted'
}

/** All that a bank has of one person after one look at it, never changed either. A row keeps its place. */
export interface BankLedger {
  readonly rows: readonly BankRow[]
  /** By account position, in cents. */
  readonly balances: readonly { booked: number; pending: number }[]
}

const years = 2
/** What is older is settled: it neither changes nor goes. */
const settledAfterDays = 25
const mostDaysLate = 8

/** Whose ledger it is: the person's at that bank, whatever connections there are and were. */
export function seedOf({ userUuid, providerId }: { userUuid: string; providerId: number }): number {
  return createHash('sha256').update(`${userUuid} ${providerId}`).digest().readUInt32BE(0)
}

/**
 * The ledger of a person at a bank after each look at it, from nothing: the same person and looks give the same rows. The
 * first has two years. Each other one adds the days gone by, some rows of today and now and then one of days ago, books what
 * was pending and debits what was future; one row gets another text, and now and then another amount, and one or two go.
 */
export function startLedger(seed: number): (at: number) => BankLedger {
  let rows: BankRow[] = []
  let open: number[] = []
  let lastDay: number | undefined
  const booked = accountKinds.map(({ opening: [from, to] }, position) =>
    Math.round(from + (to - from) * fraction(seed, position + 90)),
  )

  return function look(at: number): BankLedger {
    const today = dayOf(at)
    const isFirst = lastDay === undefined
    rows = rows.slice()

    const add = (position: number, made: number, text: Text): void => {
      const index = rows.length
      const chance = fraction(seed, index)
      const [from, to] = text.amount
      const cents = Math.round((from + (to - from) * chance * chance) * 100)
      const deferred = accountKinds[position]?.type === 'card'
      const due = deferred ? lastOfMonth(made) : made
      const fresh = text.operation === 'card' && made >= today - 1
      let state: BankRow['state'] = 'booked'
      if (deferred) state = due > today ? 'future' : 'booked'
      else if (fresh) state = 'pending'
      if (state === 'pending' || state === 'future') open.push(index)
      else if (!isFirst) settle(position, cents)
      const number = scramble(seed, index + 3) % 1_000_000
      rows.push({ position, cents, made, day: due, text, number, state })
    }
    const settle = (position: number, cents: number): void => {
      if (accountKinds[position]?.type !== 'card')
        booked[position] = (booked[position] ?? 0) + cents
    }
    const replace = (index: number, change: Partial<BankRow>): void => {
      const row = rows[index]
      if (row !== undefined) rows[index] = { ...row, ...change }
    }
    const drop = (index: number): void => {
      const row = rows[index]
      if (row?.state === 'booked') settle(row.position, -row.cents)
      replace(index, { state: 'deleted' })
    }
    const isOpenToChange = ({ state, day: when }: BankRow): boolean =>
      state === 'booked' && when > today - settledAfterDays
    const lastUntil = (last: number): number =>
      rows.findLastIndex((row, index) => index <= last && isOpenToChange(row))

    const goOn = (): void => {
      const waiting = open
      open = []
      // Of several pending rows the last never comes; without, an old booked one goes.
      const pending = waiting.filter((index) => rows[index]?.state === 'pending')
      const lost = pending.length > 1 ? pending.at(-1) : undefined
      const size = rows.length
      for (const index of waiting) {
        const row = rows[index]
        if (row === undefined) continue
        if (index === lost) drop(index)
        else if (row.state === 'pending') {
          settle(row.position, row.cents)
          replace(index, { state: 'booked', day: Math.max(row.made, today) })
        } else if (row.state === 'future' && row.day <= today) {
          replace(index, { state: 'booked' })
        } else open.push(index)
      }
      const dice = scramble(seed, size + 7)
      const old = size - 1 - (dice % Math.min(size, 400))
      if (lost === undefined || dice % 3 === 0) {
        const at = lastUntil(old)
        if (at !== -1) drop(at)
      }
      const again = lastUntil(size - 1 - (dice % 250))
      const row = rows[again]
      if (row !== undefined) {
        const clean = row.text.clean.replace(/ ?\(.*$/, '')
        const text = { ...row.text, clean: `${clean} (${isoDate(today)})` }
        const more = dice % 5 === 0 ? -100 : 0
        settle(row.position, more)
        replace(again, { text, cents: row.cents + more })
      }
      addDays(Math.max((lastDay ?? 0) + 1, today - years * 365), today)
      // Always something new, even twice on one day; one card row stays pending until the next.
      const extra = 2 + (dice % 4)
      for (let n = 0; n <= extra; n += 1) {
        const position = n === 0 ? 0 : scramble(dice, n) % 6
        const texts = textsOf[position] ?? []
        const text = n === 0 ? texts[dice % 12] : texts[scramble(dice, n + 50) % texts.length]
        if (text !== undefined) add(position, today, text)
      }
      if (dice % 3 === 1) {
        const position = dice % 4
        const late = textsOf[position]?.find(({ operation }) => operation !== 'card')
        if (late !== undefined) add(position, today - 2 - (dice % (mostDaysLate - 1)), late)
      }
    }
    const addDays = (from: number, to: number): void => {
      for (let made = from; made <= to; made += 1) {
        const ofMonth = new Date(made * dayMs).getUTCDate()
        for (const one of monthly) if (one.day === ofMonth) add(one.position, made, one.text)
        for (const [position, { pace }] of accountKinds.entries()) {
          const phase = fraction(seed, position)
          const many = Math.floor((made + 1) * pace + phase) - Math.floor(made * pace + phase)
          const texts = textsOf[position] ?? []
          for (let n = 0; n < many; n += 1) {
            const text = texts[scramble(seed + 1, rows.length) % texts.length]
            if (text !== undefined) add(position, made, text)
          }
        }
      }
    }

    if (isFirst) addDays(today - years * 365, today)
    else goOn()
    lastDay = today
    return { rows, balances: balancesOf(rows, open, booked) }
  }
}

function balancesOf(
  rows: readonly BankRow[],
  open: readonly number[],
  booked: readonly number[],
): BankLedger['balances'] {
  const waiting = accountKinds.map(() => 0)
  for (const index of open) {
    const row = rows[index]
    if (row !== undefined) waiting[row.position] = (waiting[row.position] ?? 0) + row.cents
  }
  return accountKinds.map(({ type }, position) => {
    const pending = waiting[position] ?? 0
    // A deferred card owes what is not debited yet.
    return type === 'card'
      ? { booked: pending, pending: 0 }
      : { booked: booked[position] ?? 0, pending }
  })
}

function lastOfMonth(made: number): number {
  const date = new Date(made * dayMs)
  return dayOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0))
}
