import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, problemBody } from './problem.ts'
import type { Box } from './box.ts'
import type { Query } from './pagination.ts'
import type { User } from './state.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose bearer it is; set on user resources only. */
    bearerOf: User | undefined
  }
}

/** Whoever the bearer belongs to. Only for routes behind `guardUser`. */
export function getUser(request: FastifyRequest): User {
  if (request.bearerOf === undefined) throw unauthorised(401)
  return request.bearerOf
}

/** The query as `pagination.ts` reads it. */
export const queryOf = (request: FastifyRequest): Query => request.query as Query

/** A request as `listBody` wants it. */
export const asked = (request: FastifyRequest, limit: number) => ({
  url: request.url,
  query: queryOf(request),
  limit,
})

/**
 * The JSON object sent, without what is null: many languages write so what they leave out. 415 when there is none, as
 * Bridge asks for JSON on every body.
 */
export function jsonBody(request: FastifyRequest): object {
  const { body } = request
  if (body === undefined) {
    throw new Problem(415, 'unsupported_media_type', 'Send JSON with its content type')
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new Problem(422, 'invalid_json', 'The body is not a JSON object')
  }
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
}

const unauthorised = (status: number): Problem =>
  new Problem(status, status === 403 ? 'forbidden' : 'invalid_access_token', 'Invalid access token')

/** What every call needs (Bridge, "Basics"): a caller allowed, the application's credentials, the version. */
export function guardApplication(app: FastifyInstance, box: Box): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!box.switches.addressAllowed) {
      throw new Problem(403, 'forbidden', 'This address may not call')
    }
    const id = header(request, 'client-id')
    const secret = header(request, 'client-secret')
    const { credentials } = box
    const known =
      credentials === undefined
        ? id !== '' && secret !== ''
        : id === credentials.clientId && secret === credentials.clientSecret
    if (!known) {
      throw new Problem(
        401,
        'invalid_client_credentials',
        'client_id and client_secret are invalid',
      )
    }
    const version = request.url.startsWith('/v2/') ? '2021-06-01' : '2025-01-15'
    if (header(request, 'bridge-version') !== version) {
      throw new Problem(400, 'invalid_version_header', 'API version Bridge-Version is invalid')
    }
    void reply.headers(box.quotas.spend('app', id))
  })
}

/** What a user's resources need besides: a bearer that still lives. */
export function guardUser(app: FastifyInstance, box: Box): void {
  app.addHook('onRequest', async (request, reply) => {
    const [, value = ''] = /^Bearer (\S+)$/i.exec(header(request, 'authorization')) ?? []
    const token = box.state.tokens.get(value)
    const user = token && box.state.users.get(token.userUuid)
    if (token === undefined || user === undefined || token.expiresAt <= box.clock.now()) {
      throw unauthorised(box.switches.badBearer)
    }
    request.bearerOf = user
    void reply.headers(box.quotas.spend('user', user.uuid))
  })
}

/** Writes down every call to the API, and lets the faults asked for happen to it. */
export function watch(app: FastifyInstance, box: Box, closing: AbortSignal): void {
  app.decorateRequest('bearerOf', undefined)
  app.addHook('onRequest', async (request, reply) => {
    const [path = '', query = ''] = request.url.split('?', 2)
    if (path.startsWith('/_sandbox')) return undefined
    if (/^\/v\d\//.test(path)) {
      const call = {
        method: request.method,
        path,
        query,
        version: header(request, 'bridge-version') || undefined,
        at: box.clock.now(),
      }
      box.calls.note(call)
      reply.raw.once('finish', () => Object.assign(call, { status: reply.raw.statusCode }))
    }
    return fail(box, request, reply, closing)
  })
}

async function fail(box: Box, request: FastifyRequest, reply: FastifyReply, closing: AbortSignal) {
  const fault = box.faults.take(request.method, request.url)
  if (fault === undefined) return undefined
  if (fault.delay !== undefined) {
    await sleep(fault.delay, undefined, { signal: closing, ref: false })
  }
  if (fault.cut === true) {
    void reply.hijack()
    request.raw.destroy()
    return reply
  }
  if (fault.status === undefined) return undefined
  const problem = new Problem(fault.status, faultCode(fault.status), 'A fault was asked for')
  void reply.code(fault.status).headers(fault.headers)
  if (fault.body === undefined) return reply.send(problemBody(problem, request.url, box.switches))
  if (!reply.hasHeader('content-type')) void reply.type('text/html; charset=utf-8')
  return reply.send(fault.body)
}

const faultCode = (status: number): string =>
  status === 429 ? 'too_many_requests' : status < 500 ? 'refused' : 'internal_server_error'

function header(request: FastifyRequest, name: string): string {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}
