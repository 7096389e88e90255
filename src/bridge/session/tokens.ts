import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { mayBeUnknownUser } from '../bridge-errors.ts'
import type { Call } from '../transport/call.ts'
import type { Clock } from '../../clock.ts'
import { toTime } from '../fields.ts'
import type { Http, CallOptions } from '../transport/http.ts'
import type { Payer } from '../admission/quota.ts'
import { orGiveUp } from '../transport/single-flight.ts'
import { user, userRoute, type User } from '../resources/user.ts'
import { hourMs, minuteMs } from '../../durations.ts'

const margin = minuteMs
const documentedLife = 2 * hourMs // Bridge: "user creation & authentication"

const tokenReply = z.looseObject({
  access_token: z.string().regex(/^[\x21-\x7e]+$/), // it goes into a header
  expires_at: z.unknown().optional(),
})
const namedTokenReply = tokenReply.extend({ user })
type TokenReply = z.output<typeof tokenReply>

export interface Tokens {
  /**
   * A token with at least a minute to live. Those who ask at the same time share one request. For a user whom Bridge does not
   * know it rejects with an error that `isUnknownUser`.
   */
  get(userUuid: string, callOptions?: CallOptions): Promise<string>
  /** Forgets this token, unless a newer one has taken its place. */
  drop(userUuid: string, token: string): void
  /** The user with this external id, whose token is kept on the way. */
  findUser(externalUserId: string, callOptions?: CallOptions): Promise<User>
}

/** Access tokens by Bridge user, kept until a minute before they expire; at most `limit`, of those used last. */
export function createTokens(options: { http: Http; clock: Clock; limit?: number }): Tokens {
  const { http, clock, limit = 10_000 } = options

  // A life that cannot be means that Bridge's clock and ours disagree; what was given just now lives.
  function lifeOf({ expires_at }: TokenReply): { ttl: number } {
    const now = clock.now()
    const said = (toTime(expires_at) ?? now) - now
    const life = said > margin && said <= documentedLife + margin ? said : documentedLife
    return { ttl: life - margin - 1 } // the cache counts its last millisecond in
  }

  const kept = new LRUCache<string, string, Payer | undefined>({
    max: limit,
    ttl: documentedLife,
    ttlResolution: 0,
    perf: clock,
    // Whoever waits for a token gets it, also when it is replaced or pushed out meanwhile.
    ignoreFetchAbort: true,
    // Without the signal of whoever asked first: others wait for the same answer.
    async fetchMethod(userUuid, _stale, { context: payer, options }) {
      const call = tokenCall({ user_uuid: userUuid }, userUuid)
      const reply = await http.send(call, tokenReply, { payer }).catch(async (error: unknown) => {
        // Asked for by uuid, a user is told apart from credentials that are refused.
        const asked: Call = { method: 'GET', route: userRoute, id: userUuid }
        if (mayBeUnknownUser(error)) await http.send(asked, undefined, { payer })
        throw error
      })
      Object.assign(options, lifeOf(reply))
      return reply.access_token
    },
  })

  return {
    async get(userUuid, { signal, payer } = {}) {
      const found = kept.get(userUuid)
      if (found !== undefined) return found
      const asked = kept.forceFetch(userUuid, { context: payer })
      return orGiveUp(asked, { where: tokenRoute, signal })
    },
    drop(userUuid, token) {
      if (kept.peek(userUuid) === token) kept.delete(userUuid)
    },
    async findUser(externalUserId, { signal, payer } = {}) {
      const call = tokenCall({ external_user_id: externalUserId }, externalUserId)
      const reply = await http.send(call, namedTokenReply, { signal, payer })
      kept.set(reply.user.uuid, reply.access_token, lifeOf(reply))
      return reply.user
    },
  }
}

const tokenRoute = { method: 'POST', route: '/v3/aggregation/authorization/token' } as const

// It creates nothing that outlives it, so it is repeated like a read.
const tokenCall = (body: Record<string, string>, tokenOf: string): Call => ({
  ...tokenRoute,
  body,
  tokenOf,
  harmless: true,
})
