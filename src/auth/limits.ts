import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import { TooManyRequestsError } from '../errors.ts'

/** How often each of many names may do something. */
export interface Limiter {
  /** Counts one. Throws a TooManyRequestsError that says when the next is free. */
  take(name: string): void
}

/** The limits at our doors, each for itself; shared by nobody but this process. */
export interface Limits {
  /** Calls of a key. */
  keys: Limiter
  /** What a network may do without a good key. */
  strangers: Limiter
  /** How often browsers of one network may come back from Bridge. */
  callbacks: Limiter
}

/** How many names are remembered: beyond that the one unseen for longest begins anew. */
const most = 20_000

const minuteMs = 60_000

/** A bucket for each name: as many at once as a minute allows, then evenly. With `perMinute` 0 nothing is limited. */
export function createLimiter({ clock, perMinute }: { clock: Clock; perMinute: number }): Limiter {
  const buckets = new LRUCache<string, { left: number; at: number }>({ max: most })
  const each = minuteMs / perMinute
  return {
    take(name) {
      if (perMinute === 0) return
      const at = clock.now()
      const bucket = buckets.get(name) ?? { left: perMinute, at }
      // A clock that was set back gives nothing and takes nothing.
      const left = Math.min(perMinute, bucket.left + Math.max(0, at - bucket.at) / each)
      if (left < 1) {
        buckets.set(name, { left, at })
        const retryAfter = Math.ceil(((1 - left) * each) / 1_000)
        throw new TooManyRequestsError('Too many calls. Please try again a little later.', {
          retryAfter,
        })
      }
      buckets.set(name, { left: left - 1, at })
    },
  }
}

/** What one network is given for free: an IPv4 address, or the /64 of an IPv6 one, for whoever has one has all of it. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const ip = ipaddr.process(address)
  if (ip.kind() === 'ipv4') return ip.toString()
  const parts = (ip as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16))
  return `${parts.join(':')}::/64`
}
