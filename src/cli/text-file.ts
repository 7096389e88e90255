import { readFileSync } from 'node:fs'
import { decodeText, NotTextError } from '../decode-text.ts'
import { CommandError } from './command-error.ts'

/** What a file says. Throws a CommandError when that is no text: a letter that cannot be read would be another from then on. */
export function readText(path: string): string {
  try {
    return decodeText(readFileSync(path))
  } catch (error) {
    if (error instanceof NotTextError) throw new CommandError(`${path}: ${error.message}`)
    throw error
  }
}
