import type { FastifyServerOptions } from 'fastify'
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

/** A renewal link is a secret in the path. */
const withoutSecrets = (url: string): string => {
  const path = url.split('?', 1)[0] ?? ''
  return path.startsWith('/renew/') ? '/renew/…' : path
}
