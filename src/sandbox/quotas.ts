import type { Clock } from '../clock.ts'
import { Problem } from './problem.ts'
import type { Switches } from './switches.ts'

/** Bridge, "Rate limits": calls and the window in milliseconds. */
const published = {
  app: { calls: 2000, window: 300_000 },
  user: { calls: 60, window: 60_000 },
  token: { calls: 10, window: 60_000 },
}
type QuotaKind = keyof typeof published

type Limits = { [Kind in QuotaKind]?: number | undefined }

export interface Quotas {
  /** Off at first. `limits` replace the published numbers; `headers` go with each 429. */
  set(options: { on: boolean; limits?: Limits; headers?: Record<string, string> }): void
  /** Counts one call; throws a 429 past the limit. Answers the headers to send, if any. */
  spend(kind: QuotaKind, key: string): Record<string, string>
  clear(): void
}

/** Counters in memory, on the given clock; nothing is refused until `set` turns them on. */
export function createQuotas(clock: Clock, switches: () => Switches): Quotas {
  let on = false
  let limits: Limits = {}
  let extra: Record<string, string> = {}
  const spent = new Map<string, number[]>()

  return {
    set(options) {
      on = options.on
      limits = options.limits ?? {}
      extra = options.headers ?? {}
      spent.clear()
    },
    spend(kind, key) {
      if (!on) return {}
      const { window } = published[kind]
      const calls = limits[kind] ?? published[kind].calls
      const now = clock.now()
      const { rateLimitHeaders, rateWindow } = switches()
      const since = rateWindow === 'sliding' ? now - window + 1 : now - (now % window)
      const id = `${kind} ${key}`
      const times = (spent.get(id) ?? []).filter((time) => time >= since)
      const oldest = times[0] ?? now
      const resetAt = rateWindow === 'sliding' ? oldest + window : since + window
      const wait = String(Math.max(1, Math.ceil((resetAt - now) / 1000)))
      const headers: Record<string, string> = rateLimitHeaders
        ? {
            'x-ratelimit-limit': String(calls),
            'x-ratelimit-remaining': String(Math.max(0, calls - times.length - 1)),
            'x-ratelimit-reset': wait,
          }
        : {}
      if (times.length >= calls) {
        spent.set(id, times)
        throw new Problem(429, 'too_many_requests', 'Too many requests', {
          headers: { ...headers, ...(rateLimitHeaders ? { 'retry-after': wait } : {}), ...extra },
        })
      }
      times.push(now)
      spent.set(id, times)
      return headers
    },
    clear() {
      on = false
      limits = {}
      extra = {}
      spent.clear()
    },
  }
}
