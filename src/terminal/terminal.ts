import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import { inert, inertJson } from './inert.ts'
import { sentenceOf } from './system-errors.ts'

/** What a program writes to; one that somebody watches is a TTY, and knows its width. */
type Output = Writable & { isTTY?: boolean; columns?: number }

export interface Streams {
  stdout: Output
  stderr: Output
  /** Whom questions are put to: nobody, unless it is a TTY. */
  stdin?: Readable & { isTTY?: boolean }
}

/**
 * The one thing that writes to the terminal. Tenants name sites, sites answer webhooks, Bridge words errors: whatever is in
 * a text, it comes out as one line of visible characters. Lint closes stdout and stderr to every other file.
 */
export interface Terminal {
  /** Prints lines. */
  say(...lines: readonly string[]): void
  /** Prints a line behind a word of ours, coloured where somebody watches. */
  sayMarked(mark: { word: string; colour: 'green' | 'yellow' | 'red' }, line: string): void
  /** Prints a value for programs: JSON, in which hidden characters are written as their codes. */
  sayJson(value: unknown): void
  /** The same for a long document: no faster than somebody reads, and no more than is read. */
  sayJsonPieces(pieces: AsyncIterable<string>): Promise<void>
  /** Prints lines about what went wrong. */
  complain(...lines: readonly string[]): void
  /** Rewrites one line of its own below all others; silent unless somebody watches. */
  showProgress(text: string): void
  columns(): number
  /** Whether somebody is there to answer. */
  canAsk(): boolean
  /** Puts a question to whoever sits there; undefined when they leave instead of answering. */
  ask(question: string): Promise<string | undefined>
  /** Resolves once what was printed has gone out, or failed to. */
  flush(): Promise<void>
}

/** Where a line ends when nobody says how wide the terminal is. */
const usualColumns = 80

/** The lines of a text of ours that ends with a line break, or without one. */
export const linesIn = (text: string): string[] => text.replace(/\n$/, '').split('\n')

/** A terminal on these streams. `onFailed` hears that what was printed is lost, which has been said by then. */
export function createTerminal(streams: Streams, onFailed: () => void): Terminal {
  const { stdout, stderr } = streams
  // Whoever reads may have seen enough, as `head` has: what is done goes on, and nobody hears of it.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    onFailed()
    complain(sentenceOf(error) ?? error.message)
  })
  stderr.on('error', () => {})

  function complain(...lines: readonly string[]): void {
    for (const line of lines) stderr.write(`${inert(line)}\n`)
  }

  async function sayJsonPieces(pieces: AsyncIterable<string>): Promise<void> {
    for await (const piece of pieces) {
      if (stdout.errored) return
      if (!stdout.write(inertJson(piece))) await drained(stdout)
    }
  }

  return {
    complain,
    sayJsonPieces,
    say(...lines) {
      for (const line of lines.length === 0 ? [''] : lines) stdout.write(`${inert(line)}\n`)
    },
    sayMarked({ word, colour }, line) {
      stdout.write(
        `${stdout.isTTY ? styleText(colour, word, { stream: stdout }) : word}${inert(line)}\n`,
      )
    },
    sayJson(value) {
      stdout.write(inertJson(`${JSON.stringify(value)}\n`))
    },
    showProgress(text) {
      if (!stderr.isTTY) return
      const width = (stderr.columns ?? usualColumns) - 1
      stderr.write(`\r${inert(text).slice(0, width).padEnd(width)}\r`)
    },
    columns: () => stdout.columns ?? usualColumns,
    canAsk: () => streams.stdin?.isTTY === true && stderr.isTTY === true,
    ask(question) {
      // On stderr: what a command prints may go into a file.
      stderr.write(inert(question))
      const lines = createInterface({ input: streams.stdin!, terminal: false })
      return new Promise((resolve) => {
        lines.once('line', (line) => {
          resolve(line)
          lines.close()
        })
        lines.once('close', () => resolve(undefined))
      })
    },
    flush: () =>
      new Promise((resolve) => {
        stdout.write('', () => resolve())
      }),
  }
}

/** Resolves once the output takes more, or never will. */
const drained = (output: Writable): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      output.off('drain', go).off('error', go)
      resolve()
    }
    output.on('drain', go).on('error', go)
  })

/** This process's own streams. */
export const processStreams: Streams = process

/** The terminal of a program that is a process of its own. */
export const processTerminal = (): Terminal =>
  createTerminal(processStreams, () => {
    process.exitCode = 1
  })
