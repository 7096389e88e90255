import {
  LogController,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import type { LoggerOptions } from 'pino'

/** Objects we log never hold secrets or bank data; these paths are the second lock on that door. */
const redacted = [
  'authorization',
  'api_key',
  'api_secret',
  'secret',
  'token',
  'access_token',
  'iban',
  'url',
  'redirect_url',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** Pino's options: JSON on stdout, requests reduced to method, path and ids, secrets redacted. */
export function loggerOptions(level: string): LoggerOptions & FastifyServerOptions['logger'] {
  return {
    level,
    redact: { paths: redacted, censor: '[redacted]' },
    serializers: {
      // The query string may carry credentials and personal data: the path alone is logged.
      req: (request: { method: string; url: string; id: string }) => ({
        method: request.method,
        path: withoutSecrets(request.url),
        id: request.id,
      }),
      res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
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

/** A renewal link is a secret in the path. */
const withoutSecrets = (url: string): string => {
  const path = url.split('?', 1)[0] ?? ''
  return path.startsWith('/renew/') ? '/renew/…' : path
}
