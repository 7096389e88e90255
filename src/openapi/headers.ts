import { z } from 'zod'
import type { Headers } from './schema.ts'

/** What every answer carries. */
export const requestId: Headers = {
  'X-Request-Id': z.string().describe('Finds the call in the log, and with `explain`.'),
}

/** What an answer carries that says to wait. */
export const reset: Headers = {
  'X-RateLimit-Reset': z.int().describe('After how many seconds to try again, as `retry_after`.'),
}
