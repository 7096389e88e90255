import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { bodyLimit } from './body.ts'
import { text } from '../texts/say.ts'
import { errorBody, toRefusal } from './error-body.ts'
import { handleError } from './error-handler.ts'
import { parseFields } from './parameters.ts'

/**
 * What the protocol needs of the Fastify instance itself: spread it into the options of `fastify()`.
 * It also gives Frappe's shape to what fails before any handler can run.
 */
export const frappeServerOptions = {
  bodyLimit,
  exposeHeadRoutes: false,
  rewriteUrl: ({ url = '/' }: { url?: string | undefined }) => toPath(url),
  routerOptions: {
    ignoreTrailingSlash: true,
    querystringParser: parseFields,
  },
  frameworkErrors(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    void handleError(error, request, reply.header('x-request-id', request.id))
  },
  clientErrorHandler(error: Error & { code?: string }, socket: AnsweringSocket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    // Written into an answer that has begun, it would be read as a part of that one.
    const { _httpMessage: sending } = socket
    const mayAnswer = socket.writable && !sending?.headersSent
    if (mayAnswer) socket.write(rawAnswer(limits[error.code ?? ''] ?? 'http_unreadable'))
    socket.destroySoon() // once what was written has left
  },
}

/** Node's own name, and the only one, for the answer that is being sent on a socket. */
type AnsweringSocket = Socket & { _httpMessage?: ServerResponse | null }

/**
 * The address as our routes know it. A site whose base URL ends in a slash asks for `//api/…`, and Werkzeug forgives that at
 * the front of a path, nowhere else; an absolute address stands for its path.
 */
function toPath(url: string): string {
  if (url.startsWith('/')) return url[1] === '/' ? url.replace(/^\/+/, '/') : url
  return url.replace(/^https?:\/\/[^/?#]*\/*/i, '/')
}

type BeforeAnyHandler = 'http_unreadable' | 'request_timeout' | 'headers_too_large'

/** Node's own limits; anything else it cannot parse is a 400. */
const limits: Partial<Record<string, BeforeAnyHandler>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
}

function rawAnswer(key: BeforeAnyHandler): Buffer {
  const refusal = toRefusal(text(key))
  const body = errorBody(1, refusal, 'en')
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Content-Type: application/json',
    'Cache-Control: no-store',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}
