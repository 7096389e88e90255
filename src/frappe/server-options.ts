import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { bodyLimit } from './body.ts'
import { errorBody } from './error-body.ts'
import { handleError } from './errors.ts'
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
  clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    if (socket.writable) socket.write(rawAnswer(rawStatus[error.code ?? ''] ?? 400))
    socket.destroySoon() // once the answer has left
  },
}

/**
 * The address as our routes know it. A site whose base URL ends in a slash asks for `//api/…`, and Werkzeug forgives that at
 * the front of a path, nowhere else; an absolute address stands for its path.
 */
function toPath(url: string): string {
  if (url.startsWith('/')) return url[1] === '/' ? url.replace(/^\/+/, '/') : url
  return url.replace(/^https?:\/\/[^/?#]*\/*/i, '/')
}

/** Node's own limits; anything else it cannot parse is a 400. */
const rawStatus: Partial<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
}

function rawAnswer(status: number): Buffer {
  const reason = STATUS_CODES[status]!
  const body = errorBody(1, { status, excType: 'ValidationError', text: reason })
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json',
    'Cache-Control: no-store',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}
