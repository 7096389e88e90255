import type { FastifyReply } from 'fastify'
import { JsonBytes } from '../json-bytes.ts'
import type { ApiVersion } from './refusals.ts'

/** A body ready to send. Bytes, because Fastify adds a charset to JSON it is given as text. */
export const toBytes = (body: object): Buffer => Buffer.from(JSON.stringify(body))

/** The body of a success: the value under `message` (`data` in version 2); nothing is `{}`. */
export function successBody(version: ApiVersion, value: unknown): Buffer | JsonBytes {
  if (value instanceof JsonBytes) {
    return value.within(version === 1 ? '{"message":' : '{"data":', '}')
  }
  if (value === undefined || value === null) return toBytes({})
  return toBytes(version === 1 ? { message: value } : { data: value })
}

/** Sends bytes as Frappe does: JSON without a charset, its length, never cached, no cookies. */
export function sendJson(
  reply: FastifyReply,
  status: number,
  body: Buffer | JsonBytes,
): FastifyReply {
  void reply
    .code(status)
    .header('content-type', 'application/json')
    .header('cache-control', 'no-store')
  if (Buffer.isBuffer(body)) return reply.send(body)
  return reply.header('content-length', String(body.length)).send(body.stream())
}
