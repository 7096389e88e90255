/** How a try ended when it did not succeed. */
export type Outcome =
  | { kind: 'network' | 'timeout' | 'schema' }
  | { kind: 'status'; status: number; retryAfter?: number | undefined }

const mostRetries = 2
const longestWait = 5 // seconds

/**
 * Whether try number `attempt` (from 1) may be followed by another. Reads: after a network error, 5xx
 * or a 429 that says when, unless Bridge asks for more than 5 s. A DELETE after a network error, since
 * deleting twice changes nothing. Other writes never: Bridge has no idempotency keys. Timeouts never:
 * the time is spent.
 */
export function shouldRetry(method: string, attempt: number, outcome: Outcome): boolean {
  if (attempt > mostRetries) return false
  if (outcome.kind === 'network') return method === 'GET' || method === 'DELETE'
  if (outcome.kind !== 'status' || method !== 'GET') return false
  const { status, retryAfter } = outcome
  if (retryAfter !== undefined && retryAfter > longestWait) return false
  return status >= 500 || (status === 429 && retryAfter !== undefined)
}

/**
 * Milliseconds to wait after try number `attempt` (from 1): 200, then 400, half of it by chance, and
 * never less than Bridge's `retryAfter` in seconds.
 */
export function retryDelay(
  attempt: number,
  retryAfter: number | undefined,
  random: () => number,
): number {
  const backoff = 200 * 2 ** (attempt - 1)
  return Math.max(backoff * (0.5 + random() / 2), (retryAfter ?? 0) * 1000)
}
