import { z } from 'zod'
import { requestId, retryAfter } from './headers.ts'
import type { Parameter, PathItem } from './operation.ts'
import { refusal } from './refused-calls.ts'
import { describedApart, type Writer } from './schema.ts'
import { anyBridgeEvent } from './webhooks.ts'

/** A route that is no RPC method. */
interface PlainRoute {
  summary: string
  type: string
  responses: Record<number, string>
  /** What is in the answer of a status, where programs read it. */
  answers?: Record<number, z.ZodType>
  /** Statuses that say in Retry-After how long to wait. */
  waits?: readonly number[]
  body?: z.ZodType
  query?: Record<string, z.ZodType>
  headers?: Record<string, z.ZodType>
  /** Who may call it, where that is not everybody. */
  security?: string
}

const readiness = z.object({ status: z.string(), checks: z.record(z.string(), z.unknown()) })

/** By path and verb; a test compares them with the routes there are. */
export const plainRoutes: Record<string, Record<string, PlainRoute>> = {
  '/live': {
    get: {
      summary: 'Says that the process answers, and its version.',
      type: 'application/json',
      responses: { 200: 'It does.' },
      answers: { 200: z.object({ status: z.literal('live'), version: z.string() }) },
    },
  },
  '/ready': {
    get: {
      summary:
        'Says whether this server should get work: it looks at the database, the workers and the disk, and says no as soon as the server begins to stop.',
      type: 'application/json',
      responses: { 200: 'Ready.', 503: 'Not ready; the checks say why.' },
      answers: { 200: readiness, 503: readiness },
    },
  },
  '/metrics': {
    get: {
      summary: "What Prometheus scrapes, with the operator's METRICS_TOKEN.",
      type: 'text/plain',
      responses: {
        200: "Prometheus' text format.",
        404: 'No token is configured, or it is not that one.',
      },
      security: 'metricsToken',
    },
  },
  '/openapi.json': {
    get: {
      summary: 'This document.',
      type: 'application/json',
      responses: { 200: 'OpenAPI 3.1.' },
      answers: { 200: z.looseObject({ openapi: z.string() }) },
    },
  },
  '/docs': {
    get: {
      summary: 'This document as a page.',
      type: 'text/html',
      responses: { 200: 'The page.' },
    },
  },
  '/docs/page.js': {
    get: {
      summary: 'What that page searches and calls with.',
      type: 'text/javascript',
      responses: { 200: 'The script.' },
    },
  },
  '/bridge/callback': {
    get: {
      summary: 'Where Bridge Connect sends the browser back; for browsers only.',
      type: 'text/html',
      query: {
        context: z.string().describe('The connect request, as we gave it to Bridge.'),
        item_id: z.int().optional().describe('The connection, when there is one.'),
        user_uuid: z.uuid().optional().describe('Not looked at.'),
        success: z.boolean().optional().describe('Not believed: Bridge is asked.'),
        step: z.string().optional().describe('Where the user left.'),
        source: z.string().optional().describe('Not looked at.'),
      },
      responses: {
        302: "On to the site's redirect_url.",
        404: 'No request has that context.',
        410: 'The link has expired.',
        429: 'Too often from one address.',
      },
      waits: [429],
    },
  },
  '/webhooks/bridge': {
    post: {
      summary: 'Where Bridge posts its events, signed with BridgeApi-Signature.',
      type: 'application/json',
      headers: {
        'BridgeApi-Signature': z
          .string()
          .describe(
            '`v1=` and the hexadecimal HMAC-SHA256 of the body, keyed with the webhook secret; several by commas while it rotates.',
          ),
      },
      body: anyBridgeEvent,
      answers: { 200: z.object({}), 401: refusal, 413: refusal, 503: refusal },
      waits: [503],
      responses: {
        200: 'Stored for good, known already, or signed and yet no event.',
        401: 'The signature is not good.',
        413: 'Larger than 64 KiB.',
        503: 'Cannot be stored now, or no secret is configured.',
      },
      security: 'bridgeSignature',
    },
  },
  '/renew/{token}': {
    get: {
      summary: 'The page that offers to renew a consent; for browsers only.',
      type: 'text/html',
      responses: { 200: 'The page.', 404: 'No such link.', 410: 'The link is over.' },
    },
    post: {
      summary: 'Opens a Bridge session for the renewal.',
      type: 'text/html',
      responses: {
        303: 'On to Bridge.',
        404: 'No such link.',
        410: 'The link is over.',
        429: 'Five times within a day, or too often from one address.',
        503: 'Bridge does not answer.',
      },
      waits: [429, 503],
    },
  },
  '/portal/enter/{token}': {
    get: {
      summary: 'The page behind the address of get_portal_link; for browsers only.',
      type: 'text/html',
      responses: { 200: 'The page.', 404: 'No such address, or it is over.' },
    },
    post: {
      summary: "Lets its reader in to the site's page, once.",
      type: 'text/html',
      responses: {
        303: "On to the site's page, with a cookie.",
        403: 'A form of another site.',
        404: 'No such address, or it is over.',
        429: 'Too often from one address.',
      },
      waits: [429],
    },
  },
  '/unsubscribe/{token}': {
    get: {
      summary: 'The page that offers to stop reminders by mail; for browsers only.',
      type: 'text/html',
      responses: { 200: 'The page.', 404: 'No such link.' },
    },
    post: {
      summary: 'Stops them, as the page’s button and mail programs do (RFC 8058).',
      type: 'text/html',
      query: { again: z.literal('1').optional().describe('Sends them again instead.') },
      responses: { 200: 'The page.', 404: 'No such link.', 429: 'Too often from one address.' },
      waits: [429],
    },
  },
  '/renewed': {
    get: {
      summary: 'Where a renewal ends when the site named no page of its own; for browsers only.',
      type: 'text/html',
      responses: { 200: 'The page.' },
    },
  },
}

/** The plain routes as OpenAPI has them. */
export const plainPaths = (writer: Writer): Record<string, PathItem> =>
  Object.fromEntries(
    Object.entries(plainRoutes).map(([path, routes]) => [
      path,
      Object.fromEntries(
        Object.entries(routes).map(([verb, route]) => [verb, operation(path, verb, route, writer)]),
      ),
    ]),
  )

function operation(
  path: string,
  verb: string,
  { summary, type, responses, query = {}, headers = {}, ...route }: PlainRoute,
  writer: Writer,
): PathItem[string] {
  const secrets = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, secretOfLink])
  const parameters = [
    ...parametersIn('path', Object.fromEntries(secrets) as Record<string, z.ZodType>, writer),
    ...parametersIn('query', query, writer),
    ...parametersIn('header', headers, writer),
  ]
  const { answers = {}, waits = [], body, security } = route
  const describe = ([status, description]: [string, string]) => {
    const answer = answers[Number(status)]
    const carried = waits.includes(Number(status)) ? { ...requestId, ...retryAfter } : requestId
    const content = { [type]: answer ? { schema: writer.schema(answer) } : {} }
    return [
      status,
      {
        description,
        headers: writer.headers(carried),
        ...(!status.startsWith('3') && { content }),
      },
    ]
  }
  return {
    operationId: `${verb}_${path.replaceAll(/\W+/g, '_').replaceAll(/^_|_$/g, '')}`,
    tags: ['plain routes'],
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { [type]: { schema: writer.schema(body) } } },
    }),
    responses: Object.fromEntries(Object.entries(responses).map(describe)),
    security: security === undefined ? [] : [{ [security]: [] }],
  }
}

const secretOfLink = z.string().describe('A secret of the link.')

const parametersIn = (
  location: Parameter['in'],
  schemas: Record<string, z.ZodType>,
  writer: Writer,
): Parameter[] =>
  Object.entries(schemas).map(([name, schema]) => ({
    name,
    in: location,
    required: !schema.safeParse(undefined).success,
    ...describedApart(writer.schema(schema, 'input')),
  }))
