import { inert } from '../terminal/inert.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { cutTo, padTo, widthOf } from '../terminal/width.ts'

export type Row = Record<string, string | number | boolean | null | readonly string[]>

interface TableOptions {
  json?: boolean | undefined
  /** Everything, however wide. */
  wide?: boolean | undefined
}

export interface Printer {
  /** Prints one thing: JSON for programs, `name  value` lines for people. */
  printOne(row: Row, options: { json?: boolean | undefined }): void
  /**
   * Prints a list: JSON for programs; for people a table as wide as their terminal, of what `inBrief` makes of a row, in which
   * long texts are cut and ids are not; or with `wide` of all of it.
   */
  printTable<R extends Row>(
    rows: readonly R[],
    options: TableOptions,
    inBrief?: (row: R) => Row,
  ): void
}

export function createPrinter({ columns, say, sayJson }: Terminal): Printer {
  const printOne: Printer['printOne'] = (row, { json }) => {
    if (json) return sayJson(row)
    const width = Math.max(...Object.keys(row).map((name) => name.length))
    for (const [name, value] of Object.entries(row)) say(`${name.padEnd(width)}  ${shown(value)}`)
  }

  const printTable: Printer['printTable'] = (rows, { json, wide }, inBrief) => {
    if (json) return sayJson(rows)
    const chosen: readonly Row[] = inBrief && !wide ? rows.map(inBrief) : rows
    const [first] = chosen
    if (!first) return say('none')
    const names = Object.keys(first)
    const cells = names.map((name) => [name, ...chosen.map((row) => shown(row[name]))])
    const widths = wide ? cells.map(widest) : fitted(cells, columns())
    for (let line = 0; line <= chosen.length; line += 1) {
      const words = cells.map((column, at) => {
        const width = widths[at] ?? 0
        return padTo(cutTo(column[line] ?? '', width), width)
      })
      say(words.join(gap).trimEnd())
    }
  }

  return { printOne, printTable }
}

const gap = '  '

/** A column with less is hard to read. */
const leastWidth = 4

const widest = (column: readonly string[]): number =>
  column.reduce((width, cell) => Math.max(width, widthOf(cell)), 0)

/** What a command takes as it stands: a number, an id, a yes or no. */
const isWhole = (cell: string): boolean =>
  /^(?:-|[\d.]+|(?:req|evt|key|usr)_\w+|[a-z]{1,9})$/.test(cell)

/** How wide each column may be, so that all fit: the widest is cut first, those that must stay whole never. */
function fitted(columns: readonly (readonly string[])[], limit: number): number[] {
  const widths = columns.map(widest)
  const canBeCut = columns.map((column) => !column.slice(1).every(isWhole))
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1)) - limit
  for (; excess > 0; excess -= 1) {
    const wide = widths.reduce(
      (widestAt, width, at) => (canBeCut[at] && width > (widths[widestAt] ?? 0) ? at : widestAt),
      canBeCut.indexOf(true),
    )
    if (wide === -1 || (widths[wide] ?? 0) <= leastWidth) break
    widths[wide] = (widths[wide] ?? 0) - 1
  }
  return widths
}

/** A time as people and programs both read it; null when there is none. */
export const time = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString()

const shown = (value: Row[string] | undefined): string => {
  if (value === null || value === undefined) return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : inert(value.join(' '))
  return inert(String(value))
}
