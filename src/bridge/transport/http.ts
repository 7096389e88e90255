import { setTimeout as pause } from 'node:timers/promises'
import { errors } from 'undici'
import type { z } from 'zod'
import { targetOf, type Call } from './call.ts'
import type { Ending } from '../admission/breaker.ts'
import type { BridgeOptions } from '../client.ts'
import { ask, OutOfTimeError, readRetryAfter, TooMuchError } from '../../http-exchange.ts'
import { systemIds } from '../../clock.ts'
import {
  BridgeError,
  BridgeNetworkError,
  BridgeSchemaError,
  BridgeStatusError,
  BridgeTimeoutError,
} from '../errors.ts'
import { ourselves, type Against, type Payer } from '../admission/quota.ts'
import { readProblem, readReply } from './reply.ts'
import { retryDelay, shouldRetry, type Outcome } from './retry.ts'

const largestBody = 32 * 1024 * 1024
const largestProblem = 64 * 1024

/** Who a call is made for: the user's token, the caller's budget, and whose turn it takes. */
export interface Sender {
  token?: string | undefined
  signal?: AbortSignal | undefined
  payer?: Payer | undefined
}

export interface Http {
  /** The checked JSON of a 2xx answer; without a schema the body is read and dropped. */
  send<S extends z.ZodType>(call: Call, schema: S, sender: Sender): Promise<z.output<S>>
  send(call: Call, schema: undefined, sender: Sender): Promise<void>
}

/** The only place that talks to Bridge: sends, times out, reads, parses, repeats what it may. */
export function createHttp(options: BridgeOptions): Http {
  const { clock, random = systemIds.random, timeoutMs = 10_000 } = options
  const sleep = options.sleep ?? ((ms, signal) => pause(ms, undefined, signal && { signal }))
  const origin = new URL(options.baseUrl).origin

  function headersOf({ version, language, body }: Call, token: string | undefined) {
    return {
      'bridge-version': version ?? '2025-01-15',
      'client-id': options.clientId,
      'client-secret': options.clientSecret,
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(language !== undefined && isLanguage(language) && { 'accept-language': language }),
      ...(body && { 'content-type': 'application/json' }),
    }
  }

  async function exchange(
    call: Call,
    schema: z.ZodType | undefined,
    { token, signal }: Sender,
    seen: { status?: number },
  ): Promise<unknown> {
    const request = {
      origin,
      path: targetOf(call),
      method: call.method,
      headers: headersOf(call, token),
      body: call.body ? JSON.stringify(call.body) : null,
    }
    const where = `${call.method} ${call.route}`
    try {
      const { status, headers, body, cut } = await ask(options.dispatcher, request, {
        ms: timeoutMs,
        signal,
        most: (said) => (isSuccess(said) ? largestBody : largestProblem),
      })
      seen.status = status
      options.time?.heard(headers['date'])
      // With a user's token, a refusal is about that and not about us.
      if (token === undefined) options.credentials?.note(call, status)
      if (!isSuccess(status)) {
        const waitMs = readRetryAfter(headers['retry-after'], clock.now())
        throw new BridgeStatusError({
          method: call.method,
          route: call.route,
          bridgeStatus: status,
          wait: waitMs === undefined ? undefined : Math.ceil(waitMs / 1000),
          // The status has been said: a body that breaks off only takes its details along.
          ...readProblem(cut ? undefined : body),
        })
      }
      // Bridge: "deleted, no body". A proxy's friendly page must not pass for a deletion.
      if (call.method === 'DELETE' && status !== 204) {
        throw new BridgeSchemaError(`${where}: ${status}, not 204`)
      }
      if (cut instanceof TooMuchError) throw new BridgeSchemaError(`${where}: body too large`)
      if (cut) throw cut
      return schema && readReply(body, schema, call)
    } catch (error) {
      if (error instanceof BridgeError || isOurs(error)) throw error
      if (signal?.aborted) throw new BridgeTimeoutError(call, 'the caller gave up', error)
      if (error instanceof OutOfTimeError || isTimeout(error)) {
        throw new BridgeTimeoutError(call, `no answer in ${timeoutMs} ms`, error)
      }
      throw new BridgeNetworkError(call, error)
    }
  }

  async function attempted(
    call: Call,
    schema: z.ZodType | undefined,
    sender: Sender,
    attempt: number,
  ): Promise<unknown> {
    await takeTurn(call, sender)
    const leave = options.breaker?.enter(call) ?? (() => {})
    const start = clock.now()
    const seen: { status?: number } = {}
    const report = (error?: unknown): void =>
      options.onCall?.({
        method: call.method,
        route: call.route,
        status: seen.status,
        durationMs: clock.now() - start,
        attempt,
        ...(error instanceof Error && { error: error.name }),
      })
    try {
      const reply = await exchange(call, schema, sender, seen)
      leave({ kind: 'answered' })
      report()
      return reply
    } catch (error) {
      leave(sender.signal?.aborted ? { kind: 'unknown' } : endingOf(error, call, start))
      report(error)
      throw error
    }
  }

  /** Waits for the call's turn; what is known to fail does not even queue. */
  async function takeTurn(call: Call, { payer = ourselves, signal }: Sender): Promise<void> {
    if (options.breaker?.state().open && !options.breaker.isProbeDue()) {
      options.breaker.enter(call)
    }
    try {
      await options.quota?.take({ payer, against: againstOf(call), signal })
    } catch (error) {
      if (signal?.aborted) throw new BridgeTimeoutError(call, 'the caller gave up', error)
      throw error
    }
  }

  async function send(call: Call, schema: z.ZodType | undefined, sender: Sender): Promise<unknown> {
    const method = call.harmless ? 'GET' : call.method
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await attempted(call, schema, sender, attempt)
      } catch (error) {
        const outcome = outcomeOf(error)
        if (outcome?.kind === 'status' && outcome.status === 429 && outcome.retryAfter) {
          options.quota?.hold(againstOf(call), outcome.retryAfter)
        }
        if (!outcome || !shouldRetry(method, attempt, outcome)) throw error
        const wish = outcome.kind === 'status' ? outcome.retryAfter : undefined
        // A budget that ends during the wait leaves the failure that made us wait.
        await sleep(retryDelay(attempt, wish, random), sender.signal).catch(() => {
          throw error
        })
      }
    }
  }

  return { send: send as Http['send'] }
}

function outcomeOf(error: unknown): Outcome | undefined {
  if (error instanceof BridgeStatusError) {
    return { kind: 'status', status: error.bridgeStatus, retryAfter: error.wait }
  }
  if (error instanceof BridgeNetworkError) return { kind: 'network' }
  if (error instanceof BridgeTimeoutError) return { kind: 'timeout' }
  return error instanceof BridgeSchemaError ? { kind: 'schema' } : undefined
}

const againstOf = ({ user, tokenOf }: Call): Against => {
  if (tokenOf !== undefined) return { kind: 'token', user: tokenOf }
  return user === undefined ? undefined : { kind: 'user', user }
}

const isSuccess = (status: number): boolean => status >= 200 && status <= 299

/** What the statuses of proxies that find nobody behind them say. */
const isFront = (status: number): boolean => [502, 503, 504].includes(status) || status >= 520

function endingOf(error: unknown, { user, route }: Call, startedAt: number): Ending {
  const failed = { startedAt, whom: user ?? route }
  if (error instanceof BridgeStatusError) {
    if (error.bridgeStatus < 500) return { kind: 'answered' }
    const kind = isFront(error.bridgeStatus) ? 'silent' : 'broken'
    return { kind, ...failed, retryAfter: error.wait }
  }
  if (error instanceof BridgeNetworkError || error instanceof BridgeTimeoutError) {
    return { kind: 'silent', ...failed }
  }
  return { kind: error instanceof BridgeSchemaError ? 'answered' : 'unknown' }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError

// A request that cannot even be written is a mistake in this program, and no state of the network.
const isOurs = (error: unknown): boolean =>
  error instanceof errors.InvalidArgumentError || error instanceof TypeError

const isLanguage = (text: string): boolean => /^[a-z]{2,3}([-_][a-z0-9]{2,8})*$/i.test(text)
