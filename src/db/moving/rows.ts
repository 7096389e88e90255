import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { type SQL, sql } from 'drizzle-orm'
import type { MovedTable } from './tables.ts'

/** The values of a row, as the program reads them, by the names of their columns. */
export type Row = Readonly<Record<string, unknown>>

/** Rows of a table in the order of its key: the first ones, or those behind `last`. None: there are no more. */
export type ReadRows = (table: MovedTable, last: Row | undefined) => Row[] | Promise<Row[]>

/** So many rows are read and written at a time. */
export const batchSize = 1_000

/** All rows of a table, in batches; between them other work has its turn, as signs of life. */
export async function* batchesOf(table: MovedTable, read: ReadRows): AsyncGenerator<Row[]> {
  let last: Row | undefined
  for (;;) {
    await turn()
    const rows = await read(table, last)
    if (rows.length > 0) yield rows
    if (rows.length < batchSize) return
    last = rows.at(-1)
  }
}

/** Whether a row comes behind this one. Both engines compare bytes. */
export function isBehind(table: MovedTable, side: 'from' | 'to', last: Row): SQL {
  const columns = table.key.map((column) => sql`${column[side]}`)
  const values = table.key.map(({ name }) => sql`${last[name]}`)
  return sql`(${sql.join(columns, sql`, `)}) > (${sql.join(values, sql`, `)})`
}

/** What two tables that hold the same have in common, and no others. */
interface Fingerprint {
  rows: number
  digest: string
}

/** Reads a whole table. `onRows` hears how many rows were read so far. */
export async function fingerprintOf(
  table: MovedTable,
  read: ReadRows,
  onRows: (rows: number) => void = () => {},
): Promise<Fingerprint> {
  const hash = createHash('sha256')
  let rows = 0
  for await (const batch of batchesOf(table, read)) {
    for (const row of batch) hash.update(toLine(table, row))
    rows += batch.length
    onRows(rows)
  }
  return { rows, digest: hash.digest('hex') }
}

/** A row's values as text: two that differ anywhere have different lines. */
const toLine = ({ columns }: MovedTable, row: Row): string =>
  `${JSON.stringify(columns.map(({ name }) => toPlain(row[name])))}\n`

const toPlain = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? value.toString('base64') : value
