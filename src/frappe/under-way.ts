import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import { TooManyRequestsError } from '../errors.ts'

/**
 * The bytes of answers that are being made or sent. They may come to so much in all, and to half of it for one tenant: so no
 * tenant's callers, whether they ask too much or never read, leave the others without memory. And the calls that wait for
 * theirs: behind a proxy each has one of the connections of all.
 */
export interface UnderWay {
  /**
   * One more call of a tenant, and of the site whose own key it came with; the function ends that. Throws a
   * TooManyRequestsError when they have too many.
   */
  enter(tenant: string, site?: string): () => void
  /** Begins to count for a tenant. Throws a TooManyRequestsError when there is no room left. */
  open(tenant: string): Holding
  /** All that is counted now. */
  readonly bytes: number
}

/** Bytes that one or several answers hold. */
interface Holding {
  /** Counts more. Throws a TooManyRequestsError, and counts nothing, when there is no room for them. */
  grow(bytes: number): void
  /** One more answer holds them; the function ends that. When nobody holds them any more, they do not count. */
  join(): () => void
}

/**
 * By what Bridge's quota lets us read at once: 400 pages, half of them for one tenant, each a quarter of a megabyte at most.
 * A client that reads its answers promptly never meets this limit.
 */
const defaultMaxBytes = 128 * 2 ** 20

/** As many as a tenant may have connections of its own; a quarter of all. One site’s own keys leave its sisters a fifth. */
const mostCalls = { tenant: 500, site: 400 } as const

const mostListeners = 20

/** How long to wait when there is no room: by then whoever reads has read. */
const waitSeconds = 10

export function createUnderWay({
  maxBytes = defaultMaxBytes,
}: { maxBytes?: number } = {}): UnderWay {
  const byTenant = new Map<string, number>()
  const calls = new Map<string, number>()
  let total = 0

  function count(tenant: string, bytes: number): void {
    total += bytes
    const now = (byTenant.get(tenant) ?? 0) + bytes
    if (now > 0) byTenant.set(tenant, now)
    else byTenant.delete(tenant)
  }

  function check(tenant: string, bytes: number): void {
    const ofTenant = (byTenant.get(tenant) ?? 0) + bytes
    if (total + bytes <= maxBytes && ofTenant <= maxBytes / 2) return
    throw new TooManyRequestsError(
      'too_many_large_answers',
      { seconds: waitSeconds },
      { retryAfter: waitSeconds },
    )
  }

  function enterAs(kind: keyof typeof mostCalls, id: string): () => void {
    const name = `${kind} ${id}`
    const others = calls.get(name) ?? 0
    if (others >= mostCalls[kind]) {
      const wait = { retryAfter: waitSeconds, limit: `${kind}_calls` } as const
      throw new TooManyRequestsError('too_many_calls', {}, wait)
    }
    calls.set(name, others + 1)
    return () => {
      const left = (calls.get(name) ?? 1) - 1
      if (left > 0) calls.set(name, left)
      else calls.delete(name)
    }
  }

  return {
    enter(tenant, site) {
      const leaveSite = site === undefined ? undefined : enterAs('site', site)
      try {
        const leaveTenant = enterAs('tenant', tenant)
        return () => {
          leaveTenant()
          leaveSite?.()
        }
      } catch (error) {
        leaveSite?.()
        throw error
      }
    },
    open(tenant) {
      check(tenant, 1)
      let held = 0
      let holders = 0
      return {
        grow(bytes) {
          check(tenant, bytes)
          count(tenant, bytes)
          held += bytes
        },
        join() {
          holders += 1
          let joined = true
          return () => {
            if (!joined) return
            joined = false
            holders -= 1
            if (holders > 0) return
            count(tenant, -held)
            held = 0
          }
        },
      }
    },
    get bytes() {
      return total
    },
  }
}

/** Does the work once the last of the answer has left this process, or its connection has ended. */
export function whenSent(response: ServerResponse, work: () => void): void {
  response.setMaxListeners(mostListeners) // for a large answer Node, Fastify and we listen in more than ten places
  finished(response, () => work())
}
