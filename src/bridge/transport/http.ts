import { setTimeout as pause } from 'node:timers/promises'
import { errors } from 'undici'
import type { z } from 'zod'
import { targetOf, type Call } from './call.ts'
import type { Ending } from '../admission/breaker.ts'
import type { BridgeOptions } from '../options.ts'
import {
  ask,
  isSuccess,
  OutOfTimeError,
  readRetryAfter,
  TooMuchError,
  type Answer,
} from '../../http-exchange.ts'
import { systemIds } from '../../clock.ts'
import { minuteMs } from '../../durations.ts'
import {
  BridgeError,
  BridgeGivenUpError,
  BridgeNetworkError,
  BridgeSchemaError,
  BridgeStatusError,
  BridgeTimeoutError,
  isBridge,
  mayBeUnknownUser,
} from '../bridge-errors.ts'
import { ourselves, type Against, type Payer, type Turn } from '../admission/quota.ts'
import { readProblem, readReply } from './reply.ts'
import { retryDelay, shouldRetry } from './retry.ts'

/** A page of 500 transactions takes a quarter of a megabyte. */
const largestBody = 4 * 1024 * 1024
const largestProblem = 64 * 1024
/** A header may be wrong, and a date says anything to a clock that is behind. */
const longestWishMs = 5 * minuteMs

/** This process hung, or no connection was free, for longer than what was lent may be used. */
class TurnOverError extends Error {
  override name = 'TurnOverError'
}

/** Who a call is made for: the user's token, the caller's budget, and whose turn it takes. */
export interface CallOptions {
  token?: string | undefined
  signal?: AbortSignal | undefined
  payer?: Payer | undefined
}

export interface Http {
  /** The checked JSON of a 2xx answer; without a schema the body is read and dropped. */
  send<S extends z.ZodType>(call: Call, schema: S, callOptions: CallOptions): Promise<z.output<S>>
  send(call: Call, schema: undefined, callOptions: CallOptions): Promise<void>
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
    { token, signal }: CallOptions,
    { turn, seen }: { turn: Turn | undefined; seen: { status?: number } },
  ): Promise<unknown> {
    const request = {
      origin,
      path: targetOf(call),
      method: call.method,
      headers: headersOf(call, token),
      body: call.body ? JSON.stringify(call.body) : null,
    }
    const where = `${call.method} ${call.route}`
    let wasSent = false
    const answer = await ask(options.dispatcher, request, {
      ms: timeoutMs,
      signal,
      onStart() {
        if (turn?.isOver()) throw new TurnOverError()
        wasSent = true
      },
      maxBytes: (said) => (isSuccess(said) ? largestBody : largestProblem),
    }).catch((error: unknown) => {
      throw noAnswer(call, signal, error, wasSent)
    })
    const { status, headers, body, cut } = answer
    seen.status = status
    options.time?.heard(headers['date'])
    const refusal = isSuccess(status) ? undefined : refusalOf(call, answer)
    // With a user's token, a refusal is about that and not about us; for one, it may be about the user.
    const isOfUser =
      token !== undefined || (call.tokenOf !== undefined && mayBeUnknownUser(refusal))
    if (!isOfUser) options.credentials?.note(call, status)
    if (refusal) throw refusal
    // Bridge: "deleted, no body". A proxy's friendly page must not pass for a deletion.
    if (call.method === 'DELETE' && status !== 204) {
      throw new BridgeSchemaError(`${where}: ${status}, not 204`)
    }
    if (!schema) return undefined
    if (cut instanceof TooMuchError) throw new BridgeSchemaError(`${where}: body too large`)
    if (cut) throw noAnswer(call, signal, cut, wasSent)
    return readReply(body, schema, call)
  }

  function refusalOf(
    { method, route }: Call,
    { status, headers, body, cut }: Answer,
  ): BridgeStatusError {
    const waitMs = readRetryAfter(headers['retry-after'], clock.now())
    return new BridgeStatusError({
      method,
      route,
      bridgeStatus: status,
      wait: waitMs === undefined ? undefined : Math.ceil(Math.min(waitMs, longestWishMs) / 1000),
      // The status has been said: a body that breaks off only takes its details along.
      ...readProblem(cut ? undefined : body),
    })
  }

  /** What it means that there is no answer, or only a part of one. */
  function noAnswer(
    call: Call,
    signal: AbortSignal | undefined,
    error: unknown,
    wasSent: boolean,
  ): unknown {
    if (error instanceof TurnOverError || isOurs(error)) return error
    const why = { cause: error, wasSent }
    if (signal?.aborted) return new BridgeGivenUpError(call, why)
    return error instanceof OutOfTimeError || isTimeout(error)
      ? new BridgeTimeoutError(call, `no answer in ${timeoutMs} ms`, why)
      : new BridgeNetworkError(call, error, { wasSent })
  }

  async function attempted(
    call: Call,
    schema: z.ZodType | undefined,
    callOptions: CallOptions,
    attempt: number,
  ): Promise<unknown> {
    const turn = await takeTurn(call, callOptions)
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
      const reply = await exchange(call, schema, callOptions, { turn, seen })
      leave({ kind: 'answered' })
      report()
      return reply
    } catch (error) {
      leave(callOptions.signal?.aborted ? { kind: 'unknown' } : endingOf(error, call, start))
      // Bridge was not asked.
      if (error instanceof TurnOverError) return attempted(call, schema, callOptions, attempt)
      report(error)
      throw error
    }
  }

  /** Waits for the call's turn; what is known to fail does not even queue. */
  async function takeTurn(
    call: Call,
    { payer = ourselves, signal }: CallOptions,
  ): Promise<Turn | undefined> {
    options.breaker?.check(call)
    try {
      return await options.quota?.take({ payer, against: againstOf(call), signal })
    } catch (error) {
      if (signal?.aborted) throw new BridgeGivenUpError(call, { cause: error })
      throw error
    }
  }

  async function send(
    call: Call,
    schema: z.ZodType | undefined,
    callOptions: CallOptions,
  ): Promise<unknown> {
    const method = call.harmless ? 'GET' : call.method
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await attempted(call, schema, callOptions, attempt)
      } catch (error) {
        if (!(error instanceof BridgeError)) throw error
        if (error.kind === 'quota' && error.wait) options.quota?.hold(againstOf(call), error.wait)
        if (!shouldRetry(method, attempt, error)) throw error
        // A budget that ends during the wait leaves the failure that made us wait.
        await sleep(retryDelay(attempt, error.wait, random), callOptions.signal).catch(() => {
          throw error
        })
      }
    }
  }

  return { send: send as Http['send'] }
}

const againstOf = ({ user, tokenOf }: Call): Against => {
  if (tokenOf !== undefined) return { kind: 'token', user: tokenOf }
  return user === undefined ? undefined : { kind: 'user', user }
}

function endingOf(error: unknown, { user, route }: Call, startedAt: number): Ending {
  if (!(error instanceof BridgeError)) return { kind: 'unknown' }
  const failed = { startedAt, whom: user ?? route, retryAfter: error.wait }
  if (error.kind === 'broken') return { kind: 'broken', ...failed }
  return isBridge(error, 'network', 'timeout', 'absent')
    ? { kind: 'silent', ...failed }
    : { kind: 'answered' }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError

// A request that cannot even be written is a mistake in this program, and no state of the network.
const isOurs = (error: unknown): boolean =>
  error instanceof errors.InvalidArgumentError || error instanceof TypeError

const isLanguage = (text: string): boolean => /^[a-z]{2,3}([-_][a-z0-9]{2,8})*$/i.test(text)
