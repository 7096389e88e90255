import { z } from 'zod'
import { errorBody, toRefusal } from '../frappe/error-body.ts'
import type { ApiVersion } from '../frappe/refusals.ts'
import { codes } from '../texts/codes.ts'
import type { Code } from '../texts/say.ts'
import { requestId, reset } from './headers.ts'
import type { Json, Writer } from './schema.ts'
import { statuses, type Refused } from './statuses.ts'

const code = z
  .enum(Object.keys(codes) as [Code, ...Code[]])
  .describe('What went wrong, for programs: stable, and explained in docs/errors.md.')
const excTypes = [...new Set(Object.values(codes).map(({ excType }) => excType))]

const retryAfter = z.int().optional().describe('After how many seconds to try again.')

/** What a refused call is answered, in each version of the API. */
const bodies = {
  1: z
    .looseObject({
      exception: z.string().describe('One line for people.'),
      exc_type: z.enum(excTypes),
      code,
      exc: z.string().describe('A JSON list with that line.'),
      _server_messages: z.string().describe('A JSON list of JSON messages, as Frappe has it.'),
      retry_after: retryAfter,
    })
    .meta({ id: 'Refusal' }),
  2: z
    .looseObject({
      errors: z.array(
        z.looseObject({
          type: z.enum(excTypes),
          code,
          exception: z.string(),
          message: z.string().describe('One line for people.'),
          title: z.string(),
          indicator: z.string(),
          retry_after: retryAfter,
        }),
      ),
    })
    .meta({ id: 'RefusalInVersion2' }),
}

/** What a program is answered that is refused, wherever it calls. */
export const refusal = bodies[1]

const nameOf = (version: ApiVersion, status: string): string =>
  version === 1 ? `Refusal${status}` : `Refusal${status}InVersion2`

/** The answers to refused calls, as components. */
export const refusedCalls = (writer: Writer): Record<string, Json> =>
  Object.fromEntries(
    ([1, 2] as const).flatMap((version) =>
      Object.entries(statuses).map(([status, refused]) => [
        nameOf(version, status),
        toResponse(version, refused, writer),
      ]),
    ),
  )

/** A method's answers to refused calls, which name those components. */
export const refusedBy = (version: ApiVersion): Record<string, Json> =>
  Object.fromEntries(
    Object.keys(statuses).map((status) => [
      status,
      { $ref: `#/components/responses/${nameOf(version, status)}` },
    ]),
  )

function toResponse(
  version: ApiVersion,
  { is, example: said, retryAfter }: Refused,
  writer: Writer,
): Json {
  const example = JSON.parse(
    errorBody(version, { ...toRefusal(said), retryAfter }, 'en').toString(),
  ) as Json
  const headers = retryAfter === undefined ? requestId : { ...requestId, ...reset }
  return {
    description: is,
    headers: writer.headers(headers),
    content: { 'application/json': { schema: writer.schema(bodies[version]), example } },
  }
}
