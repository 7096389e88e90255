import { LRUCache } from 'lru-cache'
import { windowMs } from '../../quota-lending.ts'

/** A bucket of tokens that fills by itself; all times are epoch milliseconds. */
export interface Bucket {
  tokens(now: number): number
  /** Takes one. Below zero only when the caller did not look first. */
  spend(now: number): void
  /** Milliseconds from `now` until `count` tokens are there. */
  waitFor(count: number, now: number): number
}

/** A bucket with `start` tokens at `since`, gaining `perSecond` up to `size`. A clock that steps back adds nothing. */
export function createBucket({
  size,
  perSecond,
  since,
  start = size,
}: {
  size: number
  perSecond: number
  since: number
  start?: number
}): Bucket {
  let held = Math.min(size, start)
  let at = since
  const bucket: Bucket = {
    tokens(now) {
      held = Math.min(size, held + (Math.max(0, now - at) / 1000) * perSecond)
      at = now
      return held
    },
    spend(now) {
      held = bucket.tokens(now) - 1
    },
    waitFor: (count, now) => Math.max(0, ((count - bucket.tokens(now)) / perSecond) * 1000),
  }
  return bucket
}

/** Calls counted by key in a window that slides. */
export interface Windows {
  count(key: string, now: number): void
  /** Puts what others know of a key in the place of what was counted here. */
  learn(key: string, times: readonly number[]): void
  /** Keeps the key from calling until then: Bridge said so. */
  hold(key: string, until: number): void
  /** Milliseconds from `now` until this key may call, when `ahead` others of it go before. */
  waitFor(key: string, ahead: number, now: number): number
}

/** At most `most` calls of a key in a minute. Forgets the keys unused for longest above ten thousand. */
export function createWindows(most: number, forMs = windowMs): Windows {
  // With `max` they would take the memory of all keys at the start.
  const bound = { maxSize: 10_000, sizeCalculation: () => 1 }
  const counted = new LRUCache<string, number[]>(bound)
  const held = new LRUCache<string, number>(bound)
  const recent = (key: string, now: number): number[] =>
    (counted.get(key) ?? []).filter((at) => at > now - forMs && at <= now)

  return {
    count(key, now) {
      counted.set(key, [...recent(key, now), now])
    },
    learn(key, times) {
      counted.set(key, [...times])
    },
    hold(key, until) {
      held.set(key, Math.max(until, held.get(key) ?? 0))
    },
    waitFor(key, ahead, now) {
      const times = recent(key, now)
      const over = times.length + ahead - most
      const free = over < 0 ? 0 : (times[over] ?? now) + forMs - now
      return Math.max(free, (held.get(key) ?? 0) - now)
    },
  }
}
