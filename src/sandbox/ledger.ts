import { accountKinds, isPaymentAccount } from './account-kinds.ts'
import { fraction, scramble } from './chance.ts'
import { day, dayOf, isoDate } from './times.ts'
import { monthly, textsOf, type Text } from './transaction-texts.ts'
import type { Change } from './state.ts'

/** One version of one transaction. Never changed: a change is a new version under the same id. */
export interface Row {
  readonly id: number
  readonly position: number
  readonly cents: number
  /** The day it was made and the day it counts, both counted from 1970. */
  readonly made: number
  readonly day: number
  readonly text: Text
  readonly state: 'booked' | 'pending' | 'future' | 'deleted' | 'hidden'
  readonly updatedAt: number
}

export interface Counts {
  created: number
  updated: number
  deleted: number
}

/** All transactions of one item at one revision, never changed either. */
export interface Ledger {
  readonly revision: number
  readonly at: number
  /** By id, without gaps: the row with id n is at n - firstId. */
  readonly rows: readonly Row[]
  readonly firstId: number
  /** By account position: cents, when it was last refreshed, and what the last change did. */
  readonly balances: readonly { booked: number; pending: number }[]
  readonly stamps: readonly number[]
  readonly counts: readonly Counts[]
  /** The rows by `updated_at`, then id. Sorted when first asked for. */
  byChange(): readonly Row[]
}

/** The ids of one item: more than it ever has rows, and all far below 2^53. */
const idSpace = 2 ** 24
const years = 2
const recentDays = 30

/** The item a transaction's id belongs to, whether or not there is one. */
export const itemOfTransaction = (id: number): number => Math.floor(id / idSpace)

/**
 * The ledger of an item after `changes`, from nothing: the same item and changes give the same
 * rows. Each usual change adds the days gone by and some rows of today, books what was pending,
 * debits what was future, re-labels one row and deletes one or two.
 */
export function startLedger(itemId: number, recentFirst: boolean): (change: Change) => Ledger {
  const firstId = itemId * idSpace + 1
  let rows: Row[] = []
  let open: number[] = []
  let lastDay = 0
  let lastStamp = 0
  const booked = accountKinds.map(({ opening: [from, to] }, position) =>
    Math.round(from + (to - from) * fraction(itemId, position + 90)),
  )

  return function apply(change: Change): Ledger {
    const today = dayOf(change.at)
    // Twelve stamps a change, one for each account, always later than the change before.
    const stamp = Math.max(change.at - accountKinds.length + 1, lastStamp + 1)
    lastStamp = stamp + accountKinds.length - 1
    const stampOf = (position: number): number => stamp + position
    const before = rows
    rows = rows.slice()

    const add = (position: number, made: number, text: Text): void => {
      const index = rows.length
      const chance = fraction(itemId, index)
      const [from, to] = text.amount
      const amount = Math.round((from + (to - from) * chance * chance) * 100)
      const deferred = accountKinds[position]?.type === 'card'
      const due = deferred ? lastOfMonth(made) : made
      const fresh = text.operation === 'card' && made >= today - 1
      let state: Row['state'] = 'booked'
      if (deferred) state = due > today ? 'future' : 'booked'
      else if (fresh) state = 'pending'
      if (change.kind === 'first' && recentFirst && made <= today - recentDays) state = 'hidden'
      if (state === 'pending' || state === 'future') open.push(index)
      else if (change.kind !== 'first') settle(position, amount)
      rows.push({
        id: firstId + index,
        position,
        cents: amount,
        made,
        day: due,
        text,
        state,
        updatedAt: stampOf(position),
      })
    }
    const settle = (position: number, cents: number): void => {
      if (accountKinds[position]?.type !== 'card')
        booked[position] = (booked[position] ?? 0) + cents
    }
    const replace = (index: number, change: Partial<Row>): void => {
      const row = rows[index]
      if (row === undefined) return
      rows[index] = { ...row, ...change, updatedAt: stampOf(row.position) }
    }
    const drop = (index: number): void => {
      const row = rows[index]
      if (row?.state === 'booked') settle(row.position, -row.cents)
      replace(index, { state: 'deleted' })
    }

    const usual = (): void => {
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
      const seed = scramble(itemId, size + 7)
      const old = size - 1 - (seed % Math.min(size, 400))
      if (lost === undefined || seed % 3 === 0) {
        const at = findLast(rows, old, ({ state }) => state === 'booked')
        if (at !== -1) drop(at)
      }
      const again = findLast(rows, old - 25, ({ state }) => state === 'booked')
      const row = rows[again]
      if (row !== undefined) {
        const clean = row.text.clean.replace(/ ?\(.*$/, '')
        replace(again, { text: { ...row.text, clean: `${clean} (${isoDate(today)})` } })
      }
      addDays(Math.max(lastDay + 1, today - years * 365), today)
      // Always something new, even twice on one day; one card row stays pending until the next.
      const extra = 2 + (seed % 4)
      for (let n = 0; n <= extra; n += 1) {
        const position = n === 0 ? 0 : scramble(seed, n) % 6
        const texts = textsOf[position] ?? []
        const text = n === 0 ? texts[seed % 12] : texts[scramble(seed, n + 50) % texts.length]
        if (text !== undefined) add(position, today, text)
      }
    }
    const addDays = (from: number, to: number): void => {
      for (let made = from; made <= to; made += 1) {
        const ofMonth = new Date(made * day).getUTCDate()
        for (const one of monthly) if (one.day === ofMonth) add(one.position, made, one.text)
        for (const [position, { pace }] of accountKinds.entries()) {
          const phase = fraction(itemId, position)
          const many = Math.floor((made + 1) * pace + phase) - Math.floor(made * pace + phase)
          const texts = textsOf[position] ?? []
          for (let n = 0; n < many; n += 1) {
            const text = texts[scramble(itemId + 1, rows.length) % texts.length]
            if (text !== undefined) add(position, made, text)
          }
        }
      }
    }

    if (change.kind === 'first') addDays(today - years * 365, today)
    if (change.kind === 'usual') usual()
    if (change.kind === 'full') {
      for (const [index, { state, day: when }] of rows.entries()) {
        if (state !== 'hidden') continue
        if (when > today) open.push(index)
        replace(index, { state: when > today ? 'future' : 'booked' })
      }
    }
    if (change.kind === 'widened') {
      for (const [index, { position, state }] of rows.entries()) {
        if (!isPaymentAccount(position) && state !== 'hidden' && state !== 'deleted') {
          replace(index, {})
        }
      }
    }
    lastDay = today
    return seal(rows, change, {
      firstId,
      booked,
      open,
      counts: countChanges(before, rows, change),
      stamps: accountKinds.map((_, n) => stampOf(n)),
    })
  }
}

/** What a change did to each account. To someone who widened an item, the rows it gains are new. */
function countChanges(before: readonly Row[], after: readonly Row[], change: Change): Counts[] {
  const counts = accountKinds.map((): Counts => ({ created: 0, updated: 0, deleted: 0 }))
  for (const [index, row] of after.entries()) {
    const old = before[index]
    const one = counts[row.position]
    if (old === row || row.state === 'hidden' || one === undefined) continue
    if (row.state === 'deleted') one.deleted += 1
    else if (old === undefined || old.state === 'hidden' || change.kind === 'widened') {
      one.created += 1
    } else one.updated += 1
  }
  return counts
}

function seal(
  rows: readonly Row[],
  change: Change,
  parts: {
    firstId: number
    booked: readonly number[]
    open: readonly number[]
    counts: readonly Counts[]
    stamps: readonly number[]
  },
): Ledger {
  const waiting = accountKinds.map(() => 0)
  for (const index of parts.open) {
    const row = rows[index]
    if (row !== undefined) waiting[row.position] = (waiting[row.position] ?? 0) + row.cents
  }
  const balances = accountKinds.map(({ type }, position) => {
    const pending = waiting[position] ?? 0
    // A deferred card owes what is not debited yet.
    return type === 'card'
      ? { booked: pending, pending: 0 }
      : { booked: parts.booked[position] ?? 0, pending }
  })
  let sorted: readonly Row[] | undefined
  return {
    revision: change.revision,
    at: change.at,
    rows,
    firstId: parts.firstId,
    balances,
    stamps: parts.stamps,
    counts: parts.counts,
    byChange() {
      sorted ??= rows.toSorted((a, b) => a.updatedAt - b.updatedAt || a.id - b.id)
      return sorted
    },
  }
}

function findLast(rows: readonly Row[], from: number, fits: (row: Row) => boolean): number {
  for (let index = from; index >= 0; index -= 1) {
    const row = rows[index]
    if (row !== undefined && fits(row)) return index
  }
  return -1
}

function lastOfMonth(made: number): number {
  const date = new Date(made * day)
  return dayOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0))
}
