import { z } from 'zod'
import type { Contract } from '../frappe/define-method.ts'
import { everySite } from '../frappe/every-site.ts'
import { plainRoutes, type PlainRoute } from './plain-routes.ts'
import { refusals } from './refusals.ts'
import { createSchemaWriter, type Json, type SchemaWriter } from './schema.ts'

export interface Document {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  servers: { url: string }[]
  paths: Record<string, Record<string, Operation>>
  components: Json
}

export interface Operation {
  operationId: string
  tags: string[]
  summary: string
  parameters?: Parameter[]
  requestBody?: Json
  responses: Record<string, Json>
  security?: Record<string, string[]>[]
}

export interface Parameter {
  name: string
  in: 'query' | 'path'
  required: boolean
  description: string
  schema: Json
  example?: string | number
}

/** Every RPC method and plain route as OpenAPI 3.1, made from the zod schemas that parse the arguments. Pure. */
export function describeApi(
  methods: readonly Contract[],
  { version, publicUrl }: { version: string; publicUrl: string },
): Document {
  const { write, components } = createSchemaWriter()
  const rpc = [...methods, ...everySite].map(
    (method) => [`/api/method/${method.name}`, pathOf(method, write)] as const,
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Bank API',
      version,
      description:
        'A gateway between Dokos or ERPNext sites and Bridge. Methods are called as those of a Frappe site: GET, POST, PUT or DELETE, arguments in the query, a form or JSON; unknown ones are ignored. GET and POST are shown, the others are the same. Every answer carries X-Request-Id.',
    },
    servers: [{ url: publicUrl }],
    paths: {
      ...Object.fromEntries(rpc),
      ...Object.fromEntries(
        Object.entries(plainRoutes).map(([path, verbs]) => [path, plainPath(path, verbs)]),
      ),
    },
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: '`token api_key:api_secret`, as for any Frappe site.',
        },
        basic: { type: 'http', scheme: 'basic', description: 'api_key and api_secret.' },
        metricsToken: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN.' },
        bridgeSignature: { type: 'apiKey', in: 'header', name: 'BridgeApi-Signature' },
      },
      schemas: { Refusal: refusalSchema, ...components },
      responses: Object.fromEntries(
        Object.entries(refusals).map(([status, refusal]) => [
          `Refusal${status}`,
          toResponse(refusal),
        ]),
      ),
    },
  }
}

const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** Numbers and text are both taken wherever an id or a text is asked for: the document shows the plainer. */
function argumentsOf({ shape }: z.ZodObject, write: SchemaWriter['write']): Parameter[] {
  return Object.entries(shape as Record<string, z.ZodType>).map(([name, argument]) => {
    const { description = '', examples } = argument.meta() ?? {}
    const { description: _1, examples: _2, ...schema } = write(argument, 'input')
    return {
      name,
      in: 'query' as const,
      required: !argument.safeParse(undefined).success,
      description,
      schema: plainer(schema),
      example: (examples as [string | number])[0],
    }
  })
}

function plainer({ pattern, anyOf, type, ...schema }: Json): Json {
  if (Array.isArray(anyOf)) return plainer(anyOf[0] as Json)
  if (Array.isArray(type)) return { ...schema, type: type[0] as unknown }
  const hasFormat = 'format' in schema // whose pattern says the same at length
  return {
    ...(type !== undefined && { type }),
    ...schema,
    ...(!hasFormat && pattern !== undefined && { pattern }),
  }
}

function pathOf(
  { name, summary, guest, params, result }: Contract,
  write: SchemaWriter['write'],
): Record<string, Operation> {
  const parameters = argumentsOf(params, write)
  const shared = {
    tags: ['methods'],
    summary,
    responses: {
      200: {
        description: 'The answer, under `message`.',
        headers: { 'X-Request-Id': { schema: { type: 'string' } } },
        content: {
          'application/json': { schema: write(z.object({ message: result })) },
        },
      },
      ...Object.fromEntries(
        Object.keys(refusals).map((status) => [
          status,
          { $ref: `#/components/responses/Refusal${status}` },
        ]),
      ),
    },
    security: guest ? [] : [{ token: [] }, { basic: [] }],
  }
  const last = lastOf(name)
  if (parameters.length === 0) {
    return {
      get: { ...shared, operationId: last },
      post: { ...shared, operationId: `${last}_post` },
    }
  }
  return {
    get: { ...shared, operationId: last, parameters },
    post: { ...shared, operationId: `${last}_post`, requestBody: bodyOf(parameters) },
  }
}

function bodyOf(parameters: readonly Parameter[]): Json {
  const required = parameters.filter((each) => each.required).map(({ name }) => name)
  const schema = {
    type: 'object',
    properties: Object.fromEntries(
      parameters.map(({ name, schema: own, description, example }) => [
        name,
        { ...own, description, examples: [example] },
      ]),
    ),
    ...(required.length > 0 && { required }),
  }
  const content = { schema }
  return {
    required: required.length > 0,
    content: { 'application/json': content, 'application/x-www-form-urlencoded': content },
  }
}

function plainPath(path: string, verbs: Record<string, PlainRoute>): Record<string, Operation> {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path' as const,
    required: true,
    description: 'A secret of the link.',
    schema: { type: 'string' },
  }))
  return Object.fromEntries(
    Object.entries(verbs).map(([verb, { summary, type, responses, security }]) => [
      verb,
      {
        operationId: `${verb}_${path.replaceAll(/\W+/g, '_').replaceAll(/^_|_$/g, '')}`,
        tags: ['plain routes'],
        summary,
        ...(parameters.length > 0 && { parameters }),
        responses: Object.fromEntries(
          Object.entries(responses).map(([status, description]) => [
            status,
            {
              description,
              ...(!status.startsWith('3') && { content: { [type]: {} } }),
            },
          ]),
        ),
        security: security === undefined ? [] : [{ [security]: [] }],
      },
    ]),
  )
}

const refusalSchema: Json = {
  type: 'object',
  required: ['exception', 'exc_type', 'exc', '_server_messages'],
  properties: {
    exception: { type: 'string', description: 'One line for people.' },
    exc_type: { type: 'string' },
    exc: { type: 'string', description: 'A JSON list with that line.' },
    _server_messages: {
      type: 'string',
      description: 'A JSON list of JSON messages, as Frappe has it.',
    },
    retry_after: { type: 'integer', description: 'After how many seconds to try again.' },
  },
}

function toResponse({ is, excType, line }: (typeof refusals)[number]): Json {
  const exception = `frappe.exceptions.${excType}: ${line}`
  const example = {
    exception,
    exc_type: excType,
    exc: JSON.stringify([exception]),
    _server_messages: JSON.stringify([
      JSON.stringify({ message: line, title: 'Message', indicator: 'red' }),
    ]),
  }
  return {
    description: is,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' }, example } },
  }
}
