import { z } from 'zod'
import type { Contract, Effect } from '../frappe/define-method.ts'
import type { ApiVersion } from '../frappe/refusals.ts'
import exampleAnswers from './example-answers.json' with { type: 'json' }
import { requestId } from './headers.ts'
import type { Operation, Parameter, PathItem } from './operation.ts'
import { refusedBy } from './refused-calls.ts'
import { describedApart, type Json, type Writer } from './schema.ts'

/** A method is served with any verb; these are the ones that say what it does. */
const verbs: Readonly<Record<Effect, readonly ('get' | 'post' | 'delete')[]>> = {
  reads: ['get', 'post'],
  reveals: ['get', 'post'],
  changes: ['post'],
  deletes: ['post', 'delete'],
}

/** Where a version of the API has its methods, and under which key their answers stand. */
const versions = {
  1: { path: '/api/method/', key: 'message', suffix: '' },
  2: { path: '/api/v2/method/', key: 'data', suffix: '_v2' },
} as const

/** The tag of all methods in version 2, which are the same ones. */
export const version2 = 'version 2'

/** What each method answered once, by its whole name: a test writes them, with the bytes of the wire. */
const examples: Readonly<Record<string, unknown>> = exampleAnswers

/** A method in both versions of the API. */
export const methodPaths = (method: Contract, writer: Writer): [path: string, PathItem][] =>
  ([1, 2] as const).map((version) => [
    `${versions[version].path}${method.name}`,
    pathItem(method, version, writer),
  ])

/** What identifies a method among operations: the last part of its name. */
const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

function pathItem(
  { name, tag, summary, effect, guest, params, example, ...answer }: Contract,
  version: ApiVersion,
  writer: Writer,
): PathItem {
  const { suffix } = versions[version]
  const about = { tags: [version === 1 ? tag : version2], summary }
  const answers = {
    responses: {
      200: answered({ ...answer, example: examples[name] }, version, writer),
      ...refusedBy(version),
    },
    security: guest ? [] : [{ token: [] }, { basic: [] }],
  }
  const query = argumentsOf(params, writer)
  const header = answer.older ? [bridgeVersion] : []

  const inQuery: Operation = {
    operationId: `${lastOf(name)}${suffix}`,
    ...about,
    ...given([...query, ...header]),
    ...answers,
  }
  const inBody: Operation = {
    operationId: `${lastOf(name)}${suffix}_post`,
    ...about,
    ...given(header),
    ...(query.length > 0 && { requestBody: bodyOf(query, example) }),
    ...answers,
  }
  return Object.fromEntries(verbs[effect].map((verb) => [verb, verb === 'post' ? inBody : inQuery]))
}

const given = (parameters: Parameter[]): { parameters?: Parameter[] } =>
  parameters.length > 0 ? { parameters } : {}

function answered(
  {
    result,
    older,
    headers,
    example,
  }: Pick<Contract, 'result' | 'older' | 'headers'> & {
    example: unknown
  },
  version: ApiVersion,
  writer: Writer,
): Json {
  const { key } = versions[version]
  if (older) writer.schema(older) // its objects are among the components, for those who ask for them
  const schema = writer.schema(z.strictObject({ [key]: result }))
  return {
    description: `The answer, under \`${key}\`.`,
    headers: writer.headers({ ...requestId, ...headers }),
    content: {
      'application/json': {
        schema,
        ...(example !== undefined && { example: { [key]: example } }),
      },
    },
  }
}

/** What says in a call which objects it wants; a key has its own default. */
const bridgeVersion: Parameter = {
  name: 'Bridge-Version',
  in: 'header',
  required: false,
  description:
    "Bridge's version whose field names the answer uses, instead of the key's setting. The older ones are the schemas that end in 2021.",
  schema: { type: 'string', enum: ['2025-01-15', '2021-06-01'] },
}

function argumentsOf({ shape }: z.ZodObject, writer: Writer): Parameter[] {
  return Object.entries(shape as Record<string, z.ZodType>).map(([name, argument]) => {
    const { description, schema } = describedApart(writer.schema(argument, 'input'))
    const { examples } = (argument.meta() ?? {}) as { examples?: (string | number)[] }
    const required = !argument.safeParse(undefined).success
    return {
      name,
      in: 'query',
      required,
      description,
      schema: plainer(schema),
      ...(examples?.[0] !== undefined && { example: examples[0] }),
    }
  })
}

/** Numbers and text are both taken wherever an id or a text is asked for: the document shows the plainer. */
function plainer({ anyOf, type, ...schema }: Json): Json {
  if (Array.isArray(anyOf)) return plainer(anyOf[0] as Json)
  return { ...(type !== undefined && { type: [type].flat()[0] }), ...schema }
}

/** The arguments of a method, read off its POST. */
export function argumentsIn({ requestBody }: Operation): Parameter[] {
  const { content } = (requestBody ?? {}) as { content?: Record<string, { schema: Json }> }
  const { properties = {}, required = [] } = (content?.['application/json']?.schema ?? {}) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, examples, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    description: description as string,
    schema,
    example: (examples as [string | number])[0],
  }))
}

/** One type of body alone: where there are several, generated clients leave out which one they send, or the body itself. */
function bodyOf(parameters: readonly Parameter[], example: object): Json {
  const required = parameters.filter((each) => each.required).map(({ name }) => name)
  const schema = {
    type: 'object',
    properties: Object.fromEntries(
      parameters.map(({ name, schema: own, description, example: one }) => [
        name,
        { ...own, description, examples: [one] },
      ]),
    ),
    ...(required.length > 0 && { required }),
  }
  return {
    description: 'As JSON; a form, urlencoded or multipart, is taken too.',
    required: required.length > 0,
    content: { 'application/json': { schema, example } },
  }
}
