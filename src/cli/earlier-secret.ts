import { EarlierSecretError } from '../vault/webhook-secret.ts'
import { CommandError } from './command-error.ts'
import { time } from './print.ts'

/** For `catch` of a rotation: says until when an earlier secret holds it up; throws all else on. */
export function earlierSecretInWords(error: unknown): never {
  if (!(error instanceof EarlierSecretError)) throw error
  throw new CommandError(
    `An earlier secret is good until ${time(error.until)}: rotate after that, or with --force, which ends it at once`,
  )
}
