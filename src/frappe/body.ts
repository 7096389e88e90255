import { once } from 'node:events'
import type { FastifyRequest } from 'fastify'
import { ValidationError } from '../errors.ts'
import {
  holdsMore,
  mostFields,
  parseFields,
  tooManyFields,
  type Body,
  type Parameters,
} from './parameters.ts'
import { declaredLength } from './request.ts'

/** The largest body a method call may have, in bytes. */
export const bodyLimit = 256 * 1024

/**
 * Reads a body by its content type. As in Frappe, JSON with an empty body counts as no body (axios
 * names the type on every verb), files are left out, and other types are not looked at: undefined.
 * Throws a ValidationError when the bytes are not what the type says.
 */
export async function decodeBody(
  contentType: string | undefined,
  bytes: Buffer,
): Promise<Body | undefined> {
  if (bytes.length === 0 || contentType === undefined) return undefined
  const type = mediaType(contentType)
  if (isJson(type)) return { json: parseJson(bytes) }
  if (type === 'application/x-www-form-urlencoded') {
    return { fields: parseFields(bytes.toString('utf8')) }
  }
  if (type === 'multipart/form-data') return { fields: await parseMultipart(contentType, bytes) }
  return undefined
}

/** The body of a GET, which Fastify does not read. Throws a ValidationError beyond the limit. */
export async function readGetBody(request: FastifyRequest): Promise<Buffer> {
  const length = declaredLength(request)
  if (length === 0) return Buffer.alloc(0)
  if (length !== undefined && length > bodyLimit) throw new ValidationError('body_too_large')

  const chunks: Buffer[] = []
  let size = 0
  const take = (chunk: Buffer) => {
    size += chunk.length
    if (size <= bodyLimit) chunks.push(chunk)
  }
  request.raw.on('data', take)
  await once(request.raw, 'end')
  if (size > bodyLimit) throw new ValidationError('body_too_large')
  return Buffer.concat(chunks)
}

const mediaType = (contentType: string) => contentType.split(';', 1)[0]!.trim().toLowerCase()

const isJson = (type: string) =>
  type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))

function parseJson(bytes: Buffer): unknown {
  if (holdsMoreMembers(bytes, mostFields)) throw tooManyFields()
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new ValidationError('body_unreadable', {}, { cause })
  }
}

const [quote, backslash, comma, brace, bracket] = Buffer.from('"\\,{[')

/**
 * Whether JSON has more members, at every depth, than that: each begins with its object or list, or follows a comma, and an
 * object or list without any counts as one.
 */
function holdsMoreMembers(bytes: Buffer, most: number): boolean {
  let members = 0
  let isText = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === quote) isText = !isText
    else if (isText) at += byte === backslash ? 1 : 0
    else if (byte === comma || byte === brace || byte === bracket) members += 1
    if (members > most) return true
  }
  return false
}

/** A field has four lines at least: the boundary, what it is, an empty one, its value. A head of many lines costs as much. */
const mostLines = 4 * mostFields + 1

async function parseMultipart(contentType: string, bytes: Buffer): Promise<Parameters> {
  if (holdsMore(bytes, '\r\n', mostLines)) throw tooManyFields()
  const fields = Object.create(null) as Parameters
  try {
    const form = await new Response(new Uint8Array(bytes), {
      headers: { 'content-type': contentType },
    }).formData()
    for (const [name, value] of form) if (typeof value === 'string') fields[name] ??= value
  } catch (cause) {
    throw new ValidationError('body_unreadable', {}, { cause })
  }
  return fields
}
