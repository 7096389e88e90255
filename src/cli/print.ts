type Row = Record<string, string | number | boolean | null | readonly string[]>

/** Prints one thing: JSON for programs, `name  value` lines for people. */
export function printOne(row: Row, { json }: { json?: boolean | undefined }): void {
  if (json) return write(JSON.stringify(row))
  const width = Math.max(...Object.keys(row).map((name) => name.length))
  for (const [name, value] of Object.entries(row)) write(`${name.padEnd(width)}  ${shown(value)}`)
}

/** Where a line ends when nobody says how wide the terminal is. */
const usualColumns = 80

/** Prints a list: JSON for programs; for people a table, or where that is too wide one row below the other. */
export function printTable(rows: readonly Row[], { json }: { json?: boolean | undefined }): void {
  if (json) return write(JSON.stringify(rows))
  const [first] = rows
  if (!first) return write('none')
  const names = Object.keys(first)
  const lines = [names, ...rows.map((row) => names.map((name) => shown(row[name])))]
  const widths = names.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const width = widths.reduce((sum, column) => sum + column + 2, -2)
  if (width > (process.stdout.columns ?? usualColumns)) {
    for (const [index, row] of rows.entries()) {
      if (index > 0) write('')
      printOne(row, {})
    }
    return
  }
  for (const line of lines) {
    write(
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

/** Names come from callers: what would move the cursor, or turn the reading direction, is shown as its code. */
const inert = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const write = (line: string): void => void process.stdout.write(`${line}\n`)
