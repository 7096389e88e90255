import type { z } from 'zod'
import { JsonBytes } from '../json-bytes.ts'

/**
 * Throws when an answer, as it will be written, is not what its method promises: a mistake of ours, so the call ends in a
 * 500. For development and tests, since it reads the whole answer a second time.
 */
export function checkAnswer(name: string, result: z.ZodType, answer: unknown): void {
  const { error } = result.safeParse(asWritten(answer))
  if (!error) return
  const problems = error.issues.map(
    ({ path, message }) => `${path.map(String).join('.')}: ${message}`,
  )
  throw new Error(`${name} answered what its result does not allow: ${problems.join('; ')}`)
}

function asWritten(answer: unknown): unknown {
  if (answer === undefined) return undefined
  const json =
    answer instanceof JsonBytes ? Buffer.concat(answer.pieces).toString() : JSON.stringify(answer)
  return JSON.parse(json) as unknown
}
