import type { Contract } from '../frappe/define-method.ts'
import { builtInMethods } from '../frappe/built-in-methods.ts'
import { methodPaths, version2 } from './method-paths.ts'
import type { PathItem } from './operation.ts'
import { plainPaths } from './plain-routes.ts'
import { refusedCalls } from './refused-calls.ts'
import { createWriter, type Json } from './schema.ts'
import { webhooks } from './webhooks.ts'

export interface Document {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  servers: { url: string }[]
  tags: { name: string; description: string }[]
  paths: Record<string, PathItem>
  webhooks: Record<string, PathItem>
  components: {
    securitySchemes: Json
    schemas: Json
    headers: Json
    responses: Record<string, Json>
  }
}

/** Everything we serve and send, as OpenAPI 3.1, made from what each method promises. Pure. */
export function describeApi(
  methods: readonly Contract[],
  { version, publicUrl }: { version: string; publicUrl: string },
): Document {
  const writer = createWriter()
  return {
    openapi: '3.1.0',
    info: { title: 'Bank API', version, description },
    servers: [{ url: publicUrl }],
    tags,
    paths: {
      ...Object.fromEntries(
        [...methods, ...builtInMethods].flatMap((each) => methodPaths(each, writer)),
      ),
      ...plainPaths(writer),
    },
    webhooks: webhooks(writer),
    components: {
      securitySchemes,
      responses: refusedCalls(writer),
      ...writer.components, // filled by all that was written before
    },
  }
}

const description = [
  'A gateway between Dokos or ERPNext sites and Bridge.',
  'Methods are called as those of a Frappe site. Shown are the verbs that say what a method does; each takes GET, POST, PUT and DELETE, arguments in the query, a form or JSON, and ignores those it does not know.',
  'Answers stand under `message`, in version 2 under `data`; a key may be set to want lists in an envelope, or links as bare addresses.',
  'No licence is named: the program is not published under one.',
].join('\n\n')

const tags = [
  { name: 'links', description: 'Pages of Bridge where a user connects a bank or looks after it.' },
  { name: 'connections', description: 'What became of a link, and of the connection it made.' },
  { name: 'accounts', description: 'The accounts of a connection.' },
  { name: 'transactions', description: 'What happened on the accounts.' },
  { name: 'reference', description: 'Banks and categories, the same for all.' },
  { name: 'webhooks', description: 'What a site is sent, and how it knows that we sent it.' },
  { name: 'hosting', description: 'Sites, their keys and what they used: for tenant keys.' },
  { name: 'site', description: 'What every Frappe site has.' },
  { name: version2, description: 'The same methods, answered as version 2 of Frappe’s API does.' },
  { name: 'plain routes', description: 'Pages, probes, and where Bridge comes back.' },
]

const securitySchemes = {
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: '`token api_key:api_secret`, as for any Frappe site.',
  },
  basic: { type: 'http', scheme: 'basic', description: 'api_key and api_secret.' },
  metricsToken: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN.' },
  bridgeSignature: { type: 'apiKey', in: 'header', name: 'BridgeApi-Signature' },
}
