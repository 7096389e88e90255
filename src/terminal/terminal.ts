import { styleText } from 'node:util'
import { inert, inertJson } from './inert.ts'
import { sentenceOf } from './system-errors.ts'

/**
 * The one place that writes to the terminal. Tenants name sites, sites answer webhooks, Bridge words errors: whatever is in
 * a text, it comes out as one line of visible characters. Lint closes stdout and stderr to every other file.
 */
const { stdout, stderr } = process

// Whoever reads may have seen enough, as `head` has: what is done goes on, and nobody hears of it.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.exitCode = 1
  complain(sentenceOf(error) ?? error.message)
})
stderr.on('error', () => {})

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
export const sayJson = (value: unknown): void =>
  void stdout.write(inertJson(`${JSON.stringify(value)}\n`))

/** The same for a long document: no faster than somebody reads, and no more than is read. */
export async function sayJsonPieces(pieces: AsyncIterable<string>): Promise<void> {
  const failed = new Promise<void>((resolve) => {
    stdout.once('error', () => resolve())
  })
  for await (const piece of pieces) {
    if (stdout.errored) return
    if (stdout.write(inertJson(piece))) continue
    const drained = new Promise<void>((resolve) => {
      stdout.once('drain', resolve)
    })
    await Promise.race([drained, failed])
  }
}

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
