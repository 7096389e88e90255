import { z } from 'zod'
import type { Headers } from './schema.ts'

/** What every answer carries. */
export const requestId: Headers = {
  'X-Request-Id': z.string().describe('Finds the call in the log, and with `explain`.'),
}

/** What a refused call carries that says to wait: the helpers of Frappe's sites sleep through a Retry-After. */
export const reset: Headers = {
  'X-RateLimit-Reset': z.int().describe('After how many seconds to try again, as `retry_after`.'),
}

/** The same on plain routes. */
export const retryAfter: Headers = {
  'Retry-After': z.int().describe('After how many seconds to try again.'),
}
