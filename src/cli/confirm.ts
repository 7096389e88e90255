import { inert } from '../terminal/inert.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { CommandError } from './command-error.ts'
import { createPrinter, type Row } from './print.ts'

/** What is about to happen that nothing takes back. */
interface Danger {
  /** What has to be typed. */
  name: string
  /** In a few words, as "delete it for good". */
  act: string
  /** What will go. Only asked for when somebody reads it. */
  plan(): Promise<Row>
}

/**
 * Shows what will go, and resolves once its name was typed, or at once with `--yes`. Rejects where nobody is there to ask,
 * and when they type anything else.
 */
export type Confirm = (danger: Danger, options: { yes?: boolean | undefined }) => Promise<void>

export const createConfirm =
  (terminal: Terminal): Confirm =>
  async ({ name, act, plan }, { yes }) => {
    if (yes) return
    if (!terminal.canAsk()) {
      const message = `Nothing was done: give --yes to ${act}, or run this on a terminal, which asks.`
      throw new CommandError(message, { exitCode: 2 })
    }
    // On stderr with the question: with --json, what is printed belongs to a program.
    createPrinter({ ...terminal, say: terminal.complain }).printOne(await plan(), {})
    const answer = await terminal.ask(`Type ${name} to ${act}: `)
    const typed = answer?.trim().normalize()
    if (typed !== name.trim().normalize() && typed !== inert(name)) {
      throw new CommandError('Nothing was done.')
    }
  }
