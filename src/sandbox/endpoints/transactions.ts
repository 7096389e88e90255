import type { FastifyInstance } from 'fastify'
import { isWithheld, itemOfAccount, positionOf } from '../account-kinds.ts'
import { badParameter, notFound } from '../problem.ts'
import { asked, getUser, queryOf } from '../guard.ts'
import {
  idParameter,
  listBody,
  moment,
  readPage,
  single,
  type Page,
  type Query,
} from '../pagination.ts'
import { itemsOf, type Item } from '../state.ts'
import { dayOf, iso } from '../times.ts'
import { itemOfTransaction, type ItemLedger, type Row } from '../item-ledger.ts'
import { toTransaction } from '../transactions.ts'
import { positionsOf } from './accounts.ts'
import type { Box } from '../box.ts'

/** Bridge, "List transactions". */
export function transactions(app: FastifyInstance, box: Box): void {
  app.get('/v3/aggregation/transactions', async (request) => {
    const query = queryOf(request)
    const page = readPage(query, box.switches)
    const all = itemsOf(box.state, getUser(request).uuid).filter(
      ({ changes }) => changes.length > 0,
    )
    const wanted = wantedOf(box, query, all)
    const since = moment(query, 'since')
    const { rows, next } =
      since === undefined
        ? currentPage(box, all, wanted, page)
        : changedPage(box, all, wanted, page, since)
    const shown = rows.map((row) => toTransaction(row, box.switches))
    const body = listBody(shown, next, asked(request, page.limit), box.switches)
    return box.switches.generatedAt ? { ...body, generated_at: iso(box.clock.now()) } : body
  })

  app.get<{ Params: { id: string } }>('/v3/aggregation/transactions/:id', async (request) => {
    const id = Number(request.params.id)
    const item = box.state.items.get(itemOfTransaction(id))
    if (item?.userUuid !== getUser(request).uuid || item.changes.length === 0) throw notFound()
    const ledger = box.ledgers.now(item)
    const row = ledger.rows[id - ledger.firstId]
    if (row === undefined || row.state === 'hidden' || !visibleOf(box, item).has(row.position)) {
      throw notFound()
    }
    return toTransaction(row, box.switches)
  })
}

/** Whether a row of an item belongs into the answer, order and cursor aside. */
type Wanted = (item: Item, row: Row) => boolean

function wantedOf(box: Box, query: Query, all: readonly Item[]): Wanted {
  const account = idParameter(query, 'account_id')
  const until = moment(query, 'until') ?? Infinity
  const slack = box.switches.datesInclusive ? 0 : 1
  const from = (dayParameter(query, 'min_date') ?? -Infinity) + slack
  const to = (dayParameter(query, 'max_date') ?? Infinity) - slack
  const visible = new Map(all.map((item) => [item.id, visibleOf(box, item)]))
  return (item, row) =>
    row.day >= from &&
    row.day <= to &&
    row.updatedAt < until &&
    row.state !== 'hidden' &&
    visible.get(item.id)?.has(row.position) === true &&
    (account === undefined ||
      (itemOfAccount(account) === item.id && positionOf(account) === row.position))
}

const visibleOf = ({ switches }: Box, item: Item): Set<number> =>
  new Set(positionsOf(item).filter((position) => !isWithheld(position, switches)))

interface Rows {
  rows: Row[]
  next: string | undefined
}

/**
 * The live rows, newest id first; the cursor is the last id. An id never moves, and rows that come
 * later have greater ids, so a walk meets each row that lives through it exactly once.
 */
function currentPage(box: Box, all: readonly Item[], wanted: Wanted, page: Page): Rows {
  const after = page.after === undefined ? undefined : Number(page.after)
  if (Number.isNaN(after)) throw badParameter('after', 'after is not a cursor')
  const down = box.switches.rowOrder === 'newestFirst'
  const rows: Row[] = []
  for (const item of down ? all.toReversed() : all) {
    const ledger = box.ledgers.now(item)
    for (
      let index = startOf(ledger, after, down);
      index >= 0 && index < ledger.rows.length && rows.length <= page.limit;
      index += down ? -1 : 1
    ) {
      const row = ledger.rows[index]
      if (row !== undefined && row.state !== 'deleted' && wanted(item, row)) rows.push(row)
    }
  }
  return cut(rows, page, (row) => String(row.id))
}

function startOf(ledger: ItemLedger, after: number | undefined, down: boolean): number {
  const last = ledger.rows.length - 1
  if (after === undefined) return down ? last : 0
  const index = after - ledger.firstId
  return down ? Math.min(last, index - 1) : Math.max(0, index + 1)
}

/**
 * What changed since, deleted rows too, by `updated_at` then id. The cursor also names the revision
 * at which the walk began, and each page is cut from the rows as they were then: a row that changes
 * during the walk keeps its place and its content in it, and comes again in the next one.
 */
function changedPage(
  box: Box,
  all: readonly Item[],
  wanted: Wanted,
  page: Page,
  since: number,
): Rows {
  const [time, id = -1, revision = box.state.counters.revision] =
    page.after?.split('.').map(Number) ?? []
  if ([time ?? 0, id, revision].some(Number.isNaN)) {
    throw badParameter('after', 'after is not a cursor')
  }
  // Without a cursor: after everything stamped `since`, or before it when that counts too.
  const at = time ?? since
  const last = time === undefined && !box.switches.sinceInclusive ? Infinity : id
  const rows = all.flatMap((item) => {
    const sorted = box.ledgers.at(item, revision)?.byChange() ?? []
    const found: Row[] = []
    for (let index = firstAfter(sorted, at, last); index < sorted.length; index += 1) {
      const row = sorted[index]
      if (row !== undefined && wanted(item, row)) found.push(row)
      if (found.length > page.limit) break
    }
    return found
  })
  if (all.length > 1) rows.sort((a, b) => a.updatedAt - b.updatedAt || a.id - b.id)
  return cut(rows, page, (row) => `${row.updatedAt}.${row.id}.${revision}`)
}

/** Binary search for the first row past (time, id). */
function firstAfter(rows: readonly Row[], time: number, id: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const row = rows[middle]
    const past =
      row !== undefined && (row.updatedAt > time || (row.updatedAt === time && row.id > id))
    if (past) high = middle
    else low = middle + 1
  }
  return low
}

function cut(rows: Row[], page: Page, cursor: (row: Row) => string): Rows {
  const taken = rows.slice(0, page.limit)
  const last = taken.at(-1)
  return {
    rows: taken,
    next: last !== undefined && rows.length > page.limit ? cursor(last) : undefined,
  }
}

function dayParameter(query: Query, name: string): number | undefined {
  const text = single(query, name)
  if (text === undefined) return undefined
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw badParameter(name, `${name} is not a date`)
  return dayOf(at)
}
