import { inert } from '../terminal/inert.ts'
import type { Terminal } from '../terminal/terminal.ts'

export type Row = Record<string, string | number | boolean | null | readonly string[]>

export interface Printer {
  /** Prints one thing: JSON for programs, `name  value` lines for people. */
  printOne(row: Row, options: { json?: boolean | undefined }): void
  /** Prints a list: JSON for programs; for people a table, or where that is too wide one row below the other. */
  printTable(rows: readonly Row[], options: { json?: boolean | undefined }): void
}

export function createPrinter({ columns, say, sayJson }: Terminal): Printer {
  const printOne: Printer['printOne'] = (row, { json }) => {
    if (json) return sayJson(row)
    const width = Math.max(...Object.keys(row).map((name) => name.length))
    for (const [name, value] of Object.entries(row)) say(`${name.padEnd(width)}  ${shown(value)}`)
  }

  const printTable: Printer['printTable'] = (rows, { json }) => {
    if (json) return sayJson(rows)
    const [first] = rows
    if (!first) return say('none')
    const names = Object.keys(first)
    const lines = [names, ...rows.map((row) => names.map((name) => shown(row[name])))]
    const widths = names.map((_, column) =>
      Math.max(...lines.map((line) => line[column]?.length ?? 0)),
    )
    const width = widths.reduce((sum, column) => sum + column + 2, -2)
    if (width > columns()) {
      for (const [index, row] of rows.entries()) {
        if (index > 0) say()
        printOne(row, {})
      }
      return
    }
    for (const line of lines) {
      say(
        line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      )
    }
  }

  return { printOne, printTable }
}

/** A time as people and programs both read it; null when there is none. */
export const time = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString()

const shown = (value: Row[string] | undefined): string => {
  if (value === null || value === undefined) return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : inert(value.join(' '))
  return inert(String(value))
}
