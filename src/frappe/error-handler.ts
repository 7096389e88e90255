import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { Language } from '../language.ts'
import { codeOf, say, text } from '../texts/say.ts'
import { sendJson } from './envelope.ts'
import { errorBody, fromAppError, toRefusal, type Refusal } from './error-body.ts'
import { languageOfCall, versionOf } from './request.ts'

/** The one handler for everything thrown in the app: maps, logs, sends. */
export const handleError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => sendRefusal(request, reply, toLoggedRefusal(error, request))

/** What a thrown thing means to the caller, once the log has what it was. */
export function toLoggedRefusal(error: unknown, request: FastifyRequest): Refusal {
  const refusal = refusalOf(error, request)
  logRefusal(error, refusal, request)
  return refusal
}

/** Sends a refusal in the envelope that the path speaks and the language that the call wants. */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): FastifyReply {
  const language = languageOfCall(request)
  noteRefusal(request, reply, refusal, language)
  const body = errorBody(versionOf(request), refusal, language)
  return sendJson(reply, refusal.status, body)
}

/**
 * Notes with what the request was refused, and tells how long to wait. A call is told as Frappe tells it: the helpers of its
 * sites sleep through a `Retry-After`, again and again, inside a web worker.
 */
export function noteRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
  language: Language,
): void {
  request.refusedWith = { ...refusal, language }
  if (refusal.retryAfter !== undefined) {
    const { rpc } = request.routeOptions.config
    const name = rpc === true ? 'x-ratelimit-reset' : 'retry-after'
    void reply.header(name, String(Math.ceil(refusal.retryAfter)))
  }
}

/** What a thrown thing means to the caller. What we did not foresee is a 500 with a request id. */
function refusalOf(error: unknown, request: FastifyRequest): Refusal {
  if (error instanceof AppError) return fromAppError(error)
  if (tells(error)) return fromAppError(error.refusal)
  const internal = toRefusal(text('internal_error', { id: request.id }))
  if (isFastifyError(error) || isHttpError(error)) {
    const { statusCode: status } = error
    if (status >= 500) return { ...internal, status }
    if (isFastifyError(error))
      return toRefusal(text(status === 413 ? 'body_too_large' : 'request_unreadable'))
    return { ...toRefusal(text(keysOfHttp[status] ?? 'request_unreadable')), status }
  }
  if (request.raw.destroyed && !request.raw.complete) return toRefusal(text('request_incomplete'))
  return internal
}

/** What a plain route's `httpErrors.*` says. */
const keysOfHttp: Partial<
  Record<
    number,
    | 'credentials_invalid'
    | 'verb_not_allowed'
    | 'path_unknown'
    | 'body_too_large'
    | 'too_many_calls'
  >
> = {
  401: 'credentials_invalid',
  403: 'verb_not_allowed',
  404: 'path_unknown',
  413: 'body_too_large',
  429: 'too_many_calls',
}

/** What another room throws may say itself what a caller is told of it. */
const tells = (error: unknown): error is Error & { refusal: AppError } =>
  error instanceof Error && 'refusal' in error && error.refusal instanceof AppError

type ErrorWithStatus = Error & { statusCode: number }

// A library's error may carry a statusCode too (undici's do) and must stay a 500: so look closer.
const isHttpError = (error: unknown): error is ErrorWithStatus =>
  hasStatus(error) && 'expose' in error

const isFastifyError = (error: unknown): error is ErrorWithStatus =>
  hasStatus(error) && 'code' in error && String(error.code).startsWith('FST_')

const hasStatus = (error: unknown): error is ErrorWithStatus =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'

/** Bridge being down (503, 504) passes by itself; any other 5xx is ours to fix. */
function logRefusal(error: unknown, refusal: Refusal, request: FastifyRequest): void {
  const { status, excType, text: said } = refusal
  const rpc = request.rpc ?? undefined
  const facts = { rpc, status, excType, code: codeOf(said.key), ...request.calledBy }
  if (status < 500) {
    // What a stranger sent may be anybody's secret: only a caller's own words are repeated.
    const message = request.calledBy ? say(said, languageOfCall(request)) : undefined
    request.log.info({ ...facts, message }, 'call refused')
    return
  }
  const detail = error instanceof Error && 'detail' in error ? error.detail : undefined
  logFailure({ ...facts, err: error, detail }, request)
}

function logFailure(
  facts: { status: number; [fact: string]: unknown },
  request: FastifyRequest,
): void {
  const { status } = facts
  if (status === 503 || status === 504) request.log.warn(facts, 'call failed')
  else request.log.error(facts, 'call failed')
}
