import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import { TooManyRequestsError, type LimitName } from '../errors.ts'
import { minuteMs } from '../durations.ts'

/** How often each of many names may do something. */
export interface Limiter {
  /** Counts one. Throws a TooManyRequestsError that says when the next is free. */
  take(name: string): void
  /** Counts so many more, now that it is known what one came to: they are waited for before the next. */
  add(name: string, more: number): void
}

/**
 * The limits at our doors, each for itself. Servers that share a database have an equal part of each, whoever their callers
 * happen to meet.
 */
export interface Limits {
  /** Calls of a key. */
  keys: Limiter
  /** What a network may do without a good key. */
  unauthenticated: Limiter
  /** How often browsers of one network may come back from Bridge. */
  callbacks: Limiter
  /** Links of a tenant, and of a site: each is a row that is kept. */
  links: { tenants: Limiter; sites: Limiter }
  /** How often a site's key may name another webhook URL: each change is audited. */
  webhookUrls: Limiter
  /** Keys that a tenant's own keys make for its sites: each is a row that is kept. */
  siteKeys: Limiter
  /** What is done on a site's page: each act is audited, and a test is an event that is kept. */
  siteActs: Limiter
}

/**
 * What keys can make us keep: links and changes in a day, sites and users in all. Far above what hosts need, for beyond it
 * somebody has lost a key; the command line knows no such bounds. The security guide lists them.
 */
export const tenantLimits = {
  linksPerTenant: 5_000,
  linksPerSite: 1_000,
  webhookUrlsPerSite: 50,
  sitesPerTenant: 5_000,
  usersPerTenant: 50_000,
  siteKeysPerTenant: 2_000,
  actsPerSite: 500,
  goodKeysPerSite: 20,
} as const

/** Limits of so many a day, all at once if need be. */
export const createDailyLimiter = ({
  perDay,
  ...options
}: { perDay: number } & Omit<LimiterOptions, 'perMinute' | 'atOnce'>): Limiter =>
  createLimiter({ ...options, perMinute: perDay / minutesPerDay, atOnce: perDay })

const minutesPerDay = 24 * 60

/** How many names are remembered: beyond that the one unseen for longest begins anew. */
const remembered = 20_000

interface LimiterOptions {
  clock: Clock
  perMinute: number
  atOnce?: number
  /** How many servers have an equal part of it. That may change. */
  among?: () => number
  limit?: LimitName
}

/**
 * A bucket for each name: as many at once as a minute allows, or `atOnce`, then evenly; this server's part of them, and one at
 * least. With `perMinute` 0 nothing is limited.
 */
export function createLimiter({
  clock,
  perMinute,
  atOnce = perMinute,
  among = () => 1,
  limit,
}: LimiterOptions): Limiter {
  // With `max` it would take the memory of all of them at the start.
  const buckets = new LRUCache<string, { left: number; at: number }>({
    maxSize: remembered,
    sizeCalculation: () => 1,
  })
  /** What is left of a name's bucket by now, and how long it takes for one more. */
  function look(name: string) {
    const parts = among()
    const each = (minuteMs / perMinute) * parts
    const mostAtOnce = Math.max(1, atOnce / parts)
    const at = clock.now()
    const bucket = buckets.get(name) ?? { left: mostAtOnce, at }
    // A clock that was set back gives nothing and takes nothing.
    const left = Math.min(mostAtOnce, bucket.left + Math.max(0, at - bucket.at) / each)
    return { left, at, each }
  }
  return {
    take(name) {
      if (perMinute === 0) return
      const { left, at, each } = look(name)
      if (left < 1) {
        buckets.set(name, { left, at })
        const retryAfter = Math.ceil(((1 - left) * each) / 1_000)
        throw new TooManyRequestsError('too_many_calls', {}, { retryAfter, limit })
      }
      buckets.set(name, { left: left - 1, at })
    },
    add(name, more) {
      if (perMinute === 0 || more === 0) return
      const { left, at } = look(name)
      buckets.set(name, { left: left - more, at })
    },
  }
}
