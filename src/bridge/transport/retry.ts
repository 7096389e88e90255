import type { BridgeError } from '../bridge-errors.ts'

const mostRetries = 2
const longestWait = 5 // seconds

/**
 * Whether try number `attempt` (from 1) may be followed by another. Reads: after a network error, 5xx
 * or a 429 that says when, unless Bridge asks for more than 5 s. A DELETE after a network error, since
 * deleting twice changes nothing. Other writes never: Bridge has no idempotency keys. Timeouts never:
 * the time is spent.
 */
export function shouldRetry(
  method: string,
  attempt: number,
  { kind, wait }: Pick<BridgeError, 'kind' | 'wait'>,
): boolean {
  if (attempt > mostRetries) return false
  if (kind === 'network') return method === 'GET' || method === 'DELETE'
  if (method !== 'GET' || (wait !== undefined && wait > longestWait)) return false
  return kind === 'absent' || kind === 'broken' || (kind === 'quota' && wait !== undefined)
}

/**
 * Milliseconds to wait after try number `attempt` (from 1): 200, then 400, half of it by chance, and
 * never less than Bridge's wish in seconds.
 */
export function retryDelay(
  attempt: number,
  wait: number | undefined,
  random: () => number,
): number {
  const backoff = 200 * 2 ** (attempt - 1)
  return Math.max(backoff * (0.5 + random() / 2), (wait ?? 0) * 1000)
}
