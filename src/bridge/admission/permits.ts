import type { LimitName } from '../../errors.ts'
import { createBucket, createWindows, type Bucket, type Windows } from './rate-limits.ts'

/** What calls are counted by: all of them, those of one tenant, and those against one key; `''` is no key. */
export interface Counted {
  tenant: string
  key: string
}

/** How many calls: of all, of them those of the tenant, of them those of the key. */
export interface Ahead {
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
  /** How many calls of the application could go out now. */
  available(now: number): number
  /** Whether one of a tenant, or against a key of the tenant's, may go out, as far as it depends on these. */
  admits(call: { tenant: string; key?: string }, now: number): boolean
  spend(call: Counted, now: number): void
  /** What each limit alone would have so many calls wait. */
  waits(call: Counted, calls: Ahead, now: number): Waits
  /** Keeps a key from calling until then. */
  hold(key: string, until: number): void
  /** What tenants have left that spent lately. */
  tenants(now: number): Map<string, number>
  /** Now and then, while somebody waits. */
  tick(now: number): void
}

/** A tenant may have half of what may go out at once. */
export const shareOf = (burst: number): number => Math.max(1, Math.floor(burst / 2))

const limitOfKey = (key: string): LimitName =>
  key.startsWith('token ') ? 'bridge_tokens' : 'bridge_user'

/** The windows in which calls against a key are counted, by its kind. */
export function createKeyWindows({
  userPerMinute,
  tokensPerMinute,
}: PermitLimits): (key: string) => Windows {
  const user = createWindows(userPerMinute)
  const token = createWindows(tokensPerMinute)
  return (key) => (key.startsWith('token ') ? token : user)
}

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

  return {
    available: (now) => app.tokens(now),
    admits: ({ tenant, key }, now) =>
      key === undefined ? bucketOf(tenant, now).tokens(now) >= 1 : waitOfKey(key, 0, now) <= 0,
    spend({ tenant, key }, now) {
      app.spend(now)
      bucketOf(tenant, now).spend(now)
      if (key !== '') windowsOf(key).count(key, now)
    },
    waits: ({ tenant, key }, { all, ofTenant, ofKey }, now) => [
      ['application', app.waitFor(all, now)],
      ['tenant_share', bucketOf(tenant, now).waitFor(ofTenant, now)],
      [limitOfKey(key), waitOfKey(key, ofKey - 1, now)],
    ],
    hold: (key, until) => windowsOf(key).hold(key, until),
    tenants: (now) => new Map([...buckets].map(([tenant, bucket]) => [tenant, bucket.tokens(now)])),
    tick(now) {
      for (const [tenant, bucket] of buckets) {
        if (bucket.tokens(now) >= share) buckets.delete(tenant)
      }
    },
  }
}
