import type { FastifyError } from 'fastify'
import type { Switches } from './switches.ts'

/** An answer that is no success, as Bridge words it. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly code: string
  readonly property: string | undefined
  readonly headers: Record<string, string>

  constructor(
    status: number,
    code: string,
    message: string,
    options: { property?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.property = options.property
    this.headers = options.headers ?? {}
  }
}

/** 404: not there, or somebody else's. */
export const notFound = (): Problem =>
  new Problem(404, 'not_found', "The requested resource doesn't exist")

/** 400 that names the parameter or property at fault. */
export const badParameter = (property: string, message: string): Problem =>
  new Problem(400, 'invalid_parameter', message, { property })

/** Any error as one of ours: Fastify's own become the statuses of Bridge's "Basics". */
export function toProblem(error: FastifyError): Problem {
  if (error instanceof Problem) return error
  if (error.statusCode === 415) {
    return new Problem(415, 'unsupported_media_type', 'Send JSON with its content type')
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Problem(413, 'payload_too_large', 'The body is too large')
  }
  if (error.statusCode === 400) return new Problem(422, 'invalid_json', 'The JSON is not valid')
  return new Problem(500, 'internal_server_error', 'An error occurred')
}

/** The body of an error: 2021-06-01 has `type` and `documentation_url`, v3 `code` and `property`. */
export function problemBody(problem: Problem, url: string, set: Switches): object {
  const { message, property } = problem
  const code = set.errorCodes === 'named' ? problem.code : 'error'
  if (url.startsWith('/v2/')) {
    return { type: code, message, documentation_url: 'https://docs.bridgeapi.io/' }
  }
  const body = { code, message, ...(property === undefined ? {} : { property }) }
  return set.errorEnvelope === 'wrapped' ? { errors: [body] } : body
}
