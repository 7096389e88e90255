import { inert } from '../terminal/inert.ts'
import { columns, say, sayJson } from '../terminal/terminal.ts'

type Row = Record<string, string | number | boolean | null | readonly string[]>

/** Prints one thing: JSON for programs, `name  value` lines for people. */
export function printOne(row: Row, { json }: { json?: boolean | undefined }): void {
  if (json) return sayJson(row)
  const width = Math.max(...Object.keys(row).map((name) => name.length))
  for (const [name, value] of Object.entries(row)) say(`${name.padEnd(width)}  ${shown(value)}`)
}

/** Prints a list: JSON for programs; for people a table, or where that is too wide one row below the other. */
export function printTable(rows: readonly Row[], { json }: { json?: boolean | undefined }): void {
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

/** A time as people and programs both read it; null when there is none. */
export const time = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString()

const shown = (value: Row[string] | undefined): string => {
  if (value === null || value === undefined) return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : inert(value.join(' '))
  return inert(String(value))
}
