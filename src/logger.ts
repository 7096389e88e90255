import {
  LogController,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import { stdSerializers, type LoggerOptions, type SerializedError } from 'pino'
import { isTransient } from './errors.ts'
import { inertJson } from './terminal/inert.ts'

/** What a room logs with: facts, and what they mean. */
export interface Log {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}

/** Names whose values never go out. Objects we log hold none of them; this is the second lock on that door. */
const secret = new Set([
  'authorization',
  'api_key',
  'api_secret',
  'secret',
  'token',
  'access_token',
  'iban',
  'url',
  'redirect_url',
])

/** How deep a secret may lie and still be found. */
const levels = 3

/** Have serializers, which see to what they put out themselves. */
const serialized = new Set(['req', 'res', 'err'])

/**
 * The same facts, the values of secrets' names replaced; a copy only where there are some. Written here because pino's
 * `redact` reads paths with wildcards again for each line, which was nine tenths of what a line cost.
 */
function censored(facts: Record<string, unknown>, depth = levels): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined
  for (const name of Object.keys(facts)) {
    const value = facts[name]
    const shown = secret.has(name) ? '[redacted]' : inside(name, value, depth - 1)
    if (shown !== value) (copy ??= { ...facts })[name] = shown
  }
  return copy ?? facts
}

function inside(name: string, value: unknown, depth: number): unknown {
  if (depth === 0 || typeof value !== 'object' || value === null) return value
  if (depth === levels - 1 && serialized.has(name)) return value
  if (Array.isArray(value)) return value.map((one) => inside('', one, depth - 1))
  // What writes itself is no bag of names: dates, buffers.
  return 'toJSON' in value ? value : censored(value as Record<string, unknown>, depth)
}

/** An error as pino shows it, redacted; without its stack if it is transient. A thrown value that is no Error stays as it is. */
function shownError(error: unknown): SerializedError {
  const shown = stdSerializers.err(error as Error)
  if (!(error instanceof Error)) return shown
  const { stack, ...inALine } = shown
  return censored(isTransient(error) ? inALine : { ...inALine, stack }) as SerializedError
}

/** Pino's options: JSON on stdout, one line each whatever is in it, requests reduced to method, route and ids, secrets redacted. */
export function loggerOptions(level: string): LoggerOptions & FastifyServerOptions['logger'] {
  return {
    level,
    redact: { paths: [...secret], censor: '[redacted]' }, // of child loggers' bindings too
    formatters: { log: (facts) => censored(facts) },
    hooks: { streamWrite: inertJson },
    serializers: {
      // A path may be a secret and a query may hold one, however they are spelled: only the route that took the request is
      // named, by its pattern; for what no route took there is none.
      req: ({ method, routeOptions, id }: FastifyRequest) => ({
        method,
        route: routeOptions.url ?? 'none',
        id,
      }),
      res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
      err: shownError,
    },
  }
}

/** One line for each request, once it was answered; that it came is worth a line only at `debug`. */
export class RequestLog extends LogController {
  override incomingRequest(request: FastifyRequest): void {
    request.log.debug({ req: request }, 'incoming request')
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const ms = Math.round(reply.elapsedTime)
    const facts = { rpc: request.rpc ?? undefined, req: request, res: reply, ms }
    if (error) request.log.error({ ...facts, err: error }, 'request errored')
    else request.log.info(facts, 'request completed')
  }
}
