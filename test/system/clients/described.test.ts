import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Document } from '../../../src/openapi/document.ts'
import type { Operation, Parameter } from '../../../src/openapi/operation.ts'
import type { Json as Schema } from '../../../src/openapi/schema.ts'
import { dataDirectory, runCli, startGateway, type GatewayProcess } from '../../support/gateway.ts'
import { openSite, type ReceivingSite } from '../../support/receiving-site.ts'
import { demoKey, visitBank, type Json } from '../e2e/visit.ts'

const prefix = '/api/method/bank_api.bridge.'

/** What takes a tenant's own key, and no site's. */
const isForTenants = /\.(list_sites|create_site_key|revoke_site_key|get_usage)$/

/** A schema with its components in the places that name them. */
const inFull = (schema: Schema, components: Schema): unknown =>
  JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    const { $ref } = (value ?? {}) as { $ref?: string }
    return $ref === undefined
      ? value
      : inFull(components[$ref.split('/').at(-1)!] as Schema, components)
  }) as unknown

/** What a program reads in the document, and nothing else, on a demo server: a sandbox with its key. */
describe('/openapi.json on a demo server', () => {
  const ends: (() => void | Promise<void>)[] = []
  let gateway: GatewayProcess
  let document: Document
  let headers: Record<string, string>
  let ofTenant: Record<string, string>
  let receiver: ReceivingSite

  beforeAll(async () => {
    const ended = (work: () => void | Promise<void>) => void ends.push(work)
    // A user may ask Bridge 60 things a minute; all examples at once are more.
    const quota = { QUOTA_BURST: '4000', QUOTA_USER_PER_MINUTE: '2000' }
    gateway = await startGateway({ ...dataDirectory(ended), ...quota }, ended)
    receiver = await openSite(ended)
    document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Document
    const { api_key, api_secret } = demoKey(gateway.stdout())
    headers = { authorization: `token ${api_key}:${api_secret}` }
    const { stdout } = await runCli(gateway.env, 'key', 'create', '--tenant', 'demo', '--json')
    const back = JSON.parse(stdout) as { api_key: string; api_secret: string }
    ofTenant = { authorization: `token ${back.api_key}:${back.api_secret}` }
  })
  afterAll(async () => {
    for (const end of ends.toReversed()) await end()
  })

  const schemaOf = (content: unknown): z.ZodType => {
    const { schema } = (content as Record<string, { schema: Schema }>)['application/json']!
    const whole = inFull(schema, document.components.schemas)
    return z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0])
  }

  /** Asks as an operation says; gives the body of a 200 that is as the operation says. */
  async function ask(
    path: string,
    verb: string,
    { operationId, responses }: Operation,
    args: Record<string, string | number>,
  ): Promise<Json> {
    const inBody = verb === 'post'
    const query = new URLSearchParams(
      Object.entries(args).map(([name, value]): [string, string] => [name, String(value)]),
    )
    const answer = await fetch(`${gateway.url}${path}${inBody ? '' : `?${query.toString()}`}`, {
      method: verb.toUpperCase(),
      headers: {
        ...(isForTenants.test(path) ? ofTenant : headers),
        ...(inBody && { 'content-type': 'application/json' }),
      },
      ...(inBody && { body: JSON.stringify(args) }),
    })
    const body = (await answer.json()) as Json
    expect(answer.status, `${operationId} ${JSON.stringify(body)}`).toBe(200)
    const described = responses['200']!
    expect(schemaOf(described['content']).safeParse(body).error, operationId).toBeUndefined()
    const names = Object.keys(described['headers'] as object).map((name) => name.toLowerCase())
    const ours = [...answer.headers.keys()].filter((name) => /^x-(bank|request|rate)/.test(name))
    expect(names, operationId).toEqual(expect.arrayContaining(ours))
    return body.message ?? body.data
  }

  const post = (name: string): [string, 'post', Operation] => {
    const path = `${prefix}${name}`
    return [path, 'post', document.paths[path]!['post']!]
  }

  const exampleOf = ({ requestBody }: Operation): Record<string, string | number> => {
    const content = requestBody?.['content'] as { 'application/json': { example: object } }
    return (content?.['application/json'].example ?? {}) as Record<string, string | number>
  }

  /** Connects the Demo Bank by the example's own link; gives the ids that only an answer can give. */
  async function connect() {
    const link = post('get_bridge_connect_link')
    const { url, request } = await ask(...link, exampleOf(link[2]))
    await visitBank(url as string)
    const { item_id } = await ask(...post('get_bridge_item_id'), { request })
    const [{ id: account_id }] = await ask(...post('get_bank_accounts'), { item_id })
    const { cursor } = await ask(...post('get_events'), {})
    return { request, item_id, account_id, cursor } as Record<string, string | number>
  }

  test('every example answers 200, with the answer and the headers that are described', async () => {
    let ids = await connect()
    const filled = (args: Record<string, string | number>) =>
      Object.fromEntries(Object.entries(args).map(([name, given]) => [name, ids[name] ?? given]))
    const calls = Object.entries(document.paths)
      .filter(([path]) => path.startsWith('/api/'))
      .flatMap(([path, verbs]) =>
        Object.entries(verbs).flatMap(([verb, operation]) =>
          (verb === 'post'
            ? [exampleOf(operation), eachExample(bodyParameters(operation))]
            : [eachExample(operation.parameters ?? [])]
          ).map((args) => ({ path, verb, operation, args })),
        ),
      )

    for (const { path, verb, operation, args } of calls) {
      if (path.endsWith('.revoke_site_key')) {
        ids['api_key'] = (await ask(...post('create_site_key'), { site: 'demo' }))['api_key']
      }
      await ask(path, verb, operation, filled(args))
      if (path.includes('.delete_')) ids = await connect()
    }

    expect(calls.length).toBeGreaterThan(70)
  })

  test('every webhook that comes has the headers and the type that are described', async () => {
    const site = ['demo', '--tenant', 'demo']
    await runCli(gateway.env, 'site', 'update', ...site, '--webhook-url', receiver.webhookUrl)
    const { item_id } = await connect()
    await ask(...post('delete_bridge_item_id'), { item_id: item_id! })
    const trying = await runCli(gateway.env, 'webhook', 'test', ...site)
    expect(trying.code, trying.stderr).toBe(0)
    await receiver.hears('connect.completed')
    await receiver.hears('webhook.test')
    await receiver.hears('item.deleted')
    await receiver.hears('item.refreshed')
    await receiver.hears('item.account.created', 12)

    for (const { event, headers: came } of receiver.heard) {
      const { parameters = [], requestBody } = document.webhooks[event.type]!['post']!
      const schema = schemaOf(requestBody!['content'])
      expect(schema.safeParse(event).error, event.type).toBeUndefined()
      const names = parameters.map(({ name }) => name.toLowerCase())
      expect(Object.keys(came)).toEqual(expect.arrayContaining(names))
      expect(names).toEqual(
        expect.arrayContaining(Object.keys(came).filter((name) => /^(x-|webhook)/.test(name))),
      )
    }
  })
})

const eachExample = (parameters: readonly Parameter[]) =>
  Object.fromEntries(
    parameters.flatMap(({ name, example }) => (example === undefined ? [] : [[name, example]])),
  ) as Record<string, string | number>

function bodyParameters({ requestBody }: Operation): Parameter[] {
  const content = requestBody?.['content'] as
    | { 'application/json': { schema: { properties: Record<string, { examples: [string] }> } } }
    | undefined
  return Object.entries(content?.['application/json'].schema.properties ?? {}).map(
    ([name, { examples }]) => ({ name, example: examples[0] }) as Parameter,
  )
}
