import type { FastifyRequest } from 'fastify'
import { DoesNotExistError } from '../errors.ts'
import { languageOf, type Language } from '../language.ts'
import type { Parameters } from './parameters.ts'
import type { ApiVersion } from './refusals.ts'

/** A body that may hold credentials in place of the header, in bytes. */
const credentialsBodyLimit = 16 * 1024

/** The query as `parseFields` read it, for `frappeServerOptions` makes that the query's parser. */
export const queryOf = (request: FastifyRequest): Parameters => request.query as Parameters

declare module 'fastify' {
  interface FastifyRequest {
    /** The language that the parameters ask for; undefined: none. Null until they were read. */
    askedIn: string | null | undefined
  }
}

/** Remembers which language a call's parameters ask for, so that its error can be in it; nothing else of them. */
export function keepLanguage(request: FastifyRequest, { lang }: Parameters): void {
  request.askedIn = typeof lang === 'string' ? lang : undefined
}

/** The language a call wants its errors in: by `lang` where it was read, else by Accept-Language. */
export function languageOfCall(request: FastifyRequest): Language {
  const lang = request.askedIn === null ? queryOf(request)?.['lang'] : request.askedIn
  const asked = typeof lang === 'string' ? lang : undefined
  return languageOf(asked, request.headers['accept-language'])
}

/** How much of an unknown name is repeated: no real one is longer, and whatever reads the text may be slow. */
const shownOfName = 200

export const inShort = (name: string): string =>
  name.length <= shownOfName ? name : `${name.slice(0, shownOfName)}…`

/** What the path names, whether or not there is such a method; `/` when it is for the parameters to say. */
export const askedName = (request: FastifyRequest): string =>
  inShort((request.params as { '*'?: string })['*']?.split('/', 1)[0] || '/')

/** Which envelope the path asks for. */
export const versionOf = (request: FastifyRequest): ApiVersion =>
  request.url.startsWith('/api/v2/') ? 2 : 1

/**
 * The first segment after `/api/method/`; more segments are ignored, as Frappe does. Undefined on
 * `/`; throws DoesNotExistError when the segment is empty.
 */
export function nameInPath(request: FastifyRequest): string | undefined {
  const rest = (request.params as { '*'?: string })['*']
  if (rest === undefined) return undefined
  const name = rest.split('/', 1)[0]!
  if (name === '') throw new DoesNotExistError('path_unknown')
  return name
}

/**
 * Hides the content type from Fastify, which answers 415 to one it cannot parse even where every
 * type is taken; Frappe ignores those.
 */
export function takeContentType(request: FastifyRequest): string | undefined {
  const contentType = request.headers['content-type']
  delete request.raw.headers['content-type']
  return contentType
}

/** How long the body says it is, in bytes; undefined when it is chunked and does not say. */
export function declaredLength(request: FastifyRequest): number | undefined {
  if (request.headers['transfer-encoding'] !== undefined) return undefined
  return Number(request.headers['content-length'] ?? 0)
}

/** Whether all that it brings is in its head. */
export const hasNoBody = (request: FastifyRequest): boolean =>
  request.method === 'GET' && declaredLength(request) === 0

/** Whether a guest's body is worth reading: a POST that is small and says so. */
export function mayHoldCredentials(request: FastifyRequest): boolean {
  const length = request.method === 'POST' ? declaredLength(request) : undefined
  return length !== undefined && length > 0 && length <= credentialsBodyLimit
}
