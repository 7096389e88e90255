import type { Command } from 'commander'
import { quoted } from '../terminal/shell.ts'
import { countArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { usualRows } from './listing.ts'
import type { Row } from './print.ts'

export interface NamedPageOptions {
  limit?: number
  after?: string
  wide?: boolean
  json?: boolean
}

/** Options of a list that goes on behind a name, and of which a program gets all unless it asks for less. */
export const inNamedPages = (
  command: Command,
  what: string,
  toName: (text: string) => string | number = (text) => text,
): Command =>
  command
    .option('--limit <number>', `how many at most: ${usualRows}, with --json all`, countArgument)
    .option(`--after <${what}>`, 'those behind this one: the next page', toName)
    .option('--wide', 'every column, however wide')
    .option('--json')

/** How many rows of such a list are printed. */
export const pageSize = ({ limit, json }: NamedPageOptions): number =>
  limit ?? (json ? Number.POSITIVE_INFINITY : usualRows)

/** Prints a page of such a list, and how the next one is asked for. */
export function printNamedPage<R extends Row>(
  { printTable, terminal: { say } }: CommandContext,
  rows: readonly R[],
  { name, inBrief }: { name: (row: R) => string; inBrief: (row: R) => Row },
  options: NamedPageOptions,
): void {
  const { after, json } = options
  const from = after === undefined ? 0 : rows.findIndex((row) => name(row) === after) + 1
  if (after !== undefined && from === 0) throw new CommandError(`${after} is not in this list`)
  const page = rows.slice(from, from + pageSize(options))
  printTable(page, options, inBrief)
  const last = page.at(-1)
  const hasMore = from + page.length < rows.length
  if (last && hasMore && !json) say('', `more: --after ${quoted(name(last))}`)
}
