import { styleText } from 'node:util'
import { inert, inertJson } from './inert.ts'

/**
 * The one place that writes to the terminal. Tenants name sites, sites answer webhooks, Bridge words errors: whatever is in
 * a text, it comes out as one line of visible characters. Lint closes stdout and stderr to every other file.
 */
const { stdout, stderr } = process

/** The lines of a text of ours that ends with a line break, or without one. */
export const linesIn = (text: string): string[] => text.replace(/\n$/, '').split('\n')

/** Prints lines. */
export function say(...lines: readonly string[]): void {
  for (const line of lines.length === 0 ? [''] : lines) stdout.write(`${inert(line)}\n`)
}

/** Prints a line behind a word of ours, coloured where somebody watches. */
export function sayMarked(
  { word, colour }: { word: string; colour: 'green' | 'yellow' | 'red' },
  line: string,
): void {
  stdout.write(`${stdout.isTTY ? styleText(colour, word) : word}${inert(line)}\n`)
}

/** Prints a value for programs: JSON, in which hidden characters are written as their codes. */
export const sayJson = (value: unknown): void => sayJsonText(`${JSON.stringify(value)}\n`)

/** The same for a piece of JSON that is text already. */
export const sayJsonText = (json: string): void => void stdout.write(inertJson(json))

/** Prints lines about what went wrong. */
export function complain(...lines: readonly string[]): void {
  for (const line of lines) stderr.write(`${inert(line)}\n`)
}

/** Rewrites one line of its own below all others; silent unless somebody watches. */
export function showProgress(text: string): void {
  if (!stderr.isTTY) return
  const width = (stderr.columns ?? usualColumns) - 1
  stderr.write(`\r${inert(text).slice(0, width).padEnd(width)}\r`)
}

/** Where a line ends when nobody says how wide the terminal is. */
const usualColumns = 80

export const columns = (): number => stdout.columns ?? usualColumns
