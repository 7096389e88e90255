import type { LimitName } from '../../errors.ts'
import { shareOf } from '../../quota-lending.ts'
import { createBucket, createWindows, type Bucket, type Windows } from './rate-limits.ts'

/** What calls are counted by: all of them, those of one tenant, and those against one key; `''` is no key. */
export interface Counted {
  tenant: string
  key: string
}

/** How many calls: of all, of them those of the tenant, of them those of the key. */
interface Ahead {
  all: number
  ofTenant: number
  ofKey: number
}

/** Milliseconds, by limit. */
export type Waits = [LimitName, number][]

export interface PermitLimits {
  /** How many calls may go out at once; a tenant may take half of them. */
  burst: number
  perSecond: number
  userPerMinute: number
  /** Access tokens, by Bridge user. */
  tokensPerMinute: number
}

/** What calls may go out, whosever turn it is. */
export interface Permits {
  /** Whether a call may go out now. */
  has(call: Counted, now: number): boolean
  /** Whether any call may go out now, as far as it depends on the application. */
  any(now: number): boolean
  /** Whether one more limit lets a call go out, once `any` is true: the tenant's or, with a key, that key's. */
  admits(call: { tenant: string; key?: string }, now: number): boolean
  /** Counts a call that `has` or `admits` let through. Returns the time until which it may go out. */
  spend(call: Counted, now: number): number
  /** How long each limit by itself makes so many calls wait, if nobody else comes. */
  waits(call: Counted, calls: Ahead, now: number): Waits
  /** Keeps a key from calling until then: Bridge said so. */
  hold(key: string, until: number): void

  /** How many calls of the application could go out now. */
  available(now: number): number
  /** The same of tenants that spent lately. */
  tenants(now: number): Map<string, number>
  /** How many calls wait with others, by tenant. */
  waitingElsewhere(): Record<string, number>

  /** Whether `waits` can be relied on now; if not, they can after the lender's next answer. */
  isKnown(now: number): boolean
  /** Whether there is something to be done by `tick`, though nobody waits. */
  isBusy(): boolean
  /** A call joined those that wait. */
  joined(call: Counted, now: number): void
  /** Now and then, while somebody waits. */
  tick(now: number): void
  /** Makes `available` and its like true. */
  refresh(): Promise<void>
  /** Gives back what is left. */
  close(): Promise<void>
}

/** The limit that a key is counted against. */
export const limitOfKey = (key: string): LimitName =>
  key.startsWith('token ') ? 'bridge_tokens' : 'bridge_user'

/** The windows in which calls against a key are counted, by its kind. */
export function createKeyWindows(
  { userPerMinute, tokensPerMinute }: PermitLimits,
  windowMs?: number,
): (key: string) => Windows {
  const user = createWindows(userPerMinute, windowMs)
  const token = createWindows(tokensPerMinute, windowMs)
  return (key) => (key.startsWith('token ') ? token : user)
}

const one: Ahead = { all: 1, ofTenant: 1, ofKey: 1 }

/** The permits of an application that one process has for itself: in memory, and filling up by themselves. */
export function createPermits(
  limits: PermitLimits,
  { since, start = limits.burst }: { since: number; start?: number | undefined },
): Permits {
  const { burst, perSecond } = limits
  const app = createBucket({ size: burst, perSecond, since, start })
  const share = shareOf(burst)
  const buckets = new Map<string, Bucket>()
  const windowsOf = createKeyWindows(limits)

  function bucketOf(tenant: string, now: number): Bucket {
    const bucket = buckets.get(tenant)
    if (bucket) return bucket
    const made = createBucket({ size: share, perSecond, since: now })
    buckets.set(tenant, made)
    return made
  }

  const waitOfKey = (key: string, ahead: number, now: number): number =>
    key === '' ? 0 : windowsOf(key).waitFor(key, ahead, now)

  const waits: Permits['waits'] = ({ tenant, key }, { all, ofTenant, ofKey }, now) => [
    ['application', app.waitFor(all, now)],
    ['tenant_share', bucketOf(tenant, now).waitFor(ofTenant, now)],
    [limitOfKey(key), waitOfKey(key, ofKey - 1, now)],
  ]

  return {
    has: (call, now) => waits(call, one, now).every(([, wait]) => wait <= 0),
    any: (now) => app.tokens(now) >= 1,
    admits: ({ tenant, key }, now) =>
      key === undefined ? bucketOf(tenant, now).tokens(now) >= 1 : waitOfKey(key, 0, now) <= 0,
    spend({ tenant, key }, now) {
      app.spend(now)
      bucketOf(tenant, now).spend(now)
      if (key !== '') windowsOf(key).count(key, now)
      return Number.POSITIVE_INFINITY // while this process sleeps nobody else spends
    },
    waits,
    hold: (key, until) => windowsOf(key).hold(key, until),
    available: (now) => app.tokens(now),
    tenants: (now) => new Map([...buckets].map(([tenant, bucket]) => [tenant, bucket.tokens(now)])),
    waitingElsewhere: () => ({}),
    isKnown: () => true,
    isBusy: () => false,
    joined: () => {},
    tick(now) {
      for (const [tenant, bucket] of buckets) {
        if (bucket.tokens(now) >= share) buckets.delete(tenant)
      }
    },
    refresh: async () => {},
    close: async () => {},
  }
}
