import { expect, test } from 'vitest'
import { z } from 'zod'
import { builtInMethods } from '../../../src/frappe/built-in-methods.ts'
import { describeApi, type Document } from '../../../src/openapi/document.ts'
import { argumentsIn } from '../../../src/openapi/method-paths.ts'
import type { Operation, PathItem } from '../../../src/openapi/operation.ts'
import { plainRoutes } from '../../../src/openapi/plain-routes.ts'
import { methods } from '../../../src/routes/index.ts'
import { version } from '../../../src/version.ts'
import { aConnectedBank, callMethod, testApp, type TestApp } from '../../support/app.ts'
import { aTenant } from '../../support/tenants.ts'

const read = async ({ app }: TestApp): Promise<Document> =>
  (await app.inject('/openapi.json')).json()

const operationsIn = (...sets: Record<string, PathItem>[]): Operation[] =>
  sets.flatMap((set) => Object.values(set).flatMap((verbs) => Object.values(verbs)))

const methodNamed = (name: string) =>
  methods.find((method) => method.name === `bank_api.bridge.${name}`)!

const methodPath = (name: string) => `/api/method/${name}`

test('the document is OpenAPI 3.1 and names every method with its needed arguments', async () => {
  const document = await read(await testApp())

  expect(document.openapi).toBe('3.1.0')
  for (const { name, params } of methods) {
    const { post } = document.paths[methodPath(name)]!
    const needed = (params.safeParse({}).error?.issues ?? []).map(({ path }) => path.join('.'))
    const shown = argumentsIn(post!)
    const shownNeeded = shown.filter(({ required }) => required).map((each) => each.name)
    expect(shownNeeded.toSorted(), name).toEqual(needed.toSorted())
    expect(shown.map((each) => each.name)).toEqual(Object.keys(params.shape))
  }
})

test('every argument is described and has an example, and each method has one that it accepts', async () => {
  const document = await read(await testApp())

  for (const { name, params, example } of methods) {
    const { post } = document.paths[methodPath(name)]!
    const shown = argumentsIn(post!)
    for (const { name: word, description } of shown) expect(description, word).not.toBe('')
    expect(post!.summary, name).not.toBe('')

    const examples = Object.fromEntries(shown.map((each) => [each.name, each.example]))
    expect(params.safeParse(examples).error?.issues ?? [], name).toEqual([])
    expect(params.strict().safeParse(example).error?.issues ?? [], name).toEqual([])
  }
})

test('every method has an example answer, which is one of its answers', async () => {
  const { paths } = await read(await testApp())

  for (const { name, result } of [...methods, ...builtInMethods]) {
    for (const [prefix, key] of [
      ['/api/method/', 'message'],
      ['/api/v2/method/', 'data'],
    ] as const) {
      const { content } = paths[`${prefix}${name}`]!['post']!.responses['200'] as {
        content: { 'application/json': { example: object } }
      }
      const { example } = content['application/json']
      expect(Object.keys(example), name).toEqual([key])
      expect(result.safeParse(Object.values(example)[0]).error?.issues ?? [], name).toEqual([])
    }
  }
})

test('a method is described with the verbs that say what it does, in both versions of the API', async () => {
  const { paths } = await read(await testApp())
  const verbsOf = (name: string) =>
    ['/api/method/', '/api/v2/method/'].map((prefix) =>
      Object.keys(paths[`${prefix}bank_api.bridge.${name}`]!).toSorted(),
    )

  expect(verbsOf('get_bank_accounts')).toEqual([
    ['get', 'post'],
    ['get', 'post'],
  ])
  expect(verbsOf('post_item_refresh')).toEqual([['post'], ['post']])
  expect(verbsOf('get_bridge_connect_link')).toEqual([['post'], ['post']])
  expect(verbsOf('delete_bridge_item_id')).toEqual([
    ['delete', 'post'],
    ['delete', 'post'],
  ])
})

test('a body has one type: of several, generated clients send none', async () => {
  const { paths, webhooks } = await read(await testApp())

  const bodies = operationsIn(paths, webhooks).flatMap(({ operationId, requestBody }) =>
    requestBody ? [[operationId, Object.keys(requestBody['content'] as object)]] : [],
  )

  expect(bodies.length).toBeGreaterThan(30)
  for (const [id, types] of bodies) expect(types, String(id)).toEqual(['application/json'])
})

test('every tag that is used says what it is, and every tag that says so is used', async () => {
  const { paths, webhooks, tags } = await read(await testApp())

  const used = new Set(operationsIn(paths, webhooks).flatMap((each) => each.tags))

  expect([...used].toSorted()).toEqual(tags.map(({ name }) => name).toSorted())
})

test('docs/openapi.json is the document: after a change that is meant, vitest’s -u writes it', async () => {
  const publicUrl = 'https://bank-api.example'

  const document = describeApi(methods, { version, publicUrl })

  const text = `${JSON.stringify(document, null, 2)}\n`
  await expect(text).toMatchFileSnapshot('../../../docs/openapi.json')
})

test('a refused call’s example is what the server would answer', async () => {
  const setup = await testApp()
  const { siteKey } = await aTenant(setup.app)
  const document = await read(setup)
  const { text } = await callMethod(setup.app, 'get_bank_accounts', {}, { as: siteKey })

  const shown = document.components.responses['Refusal417']!['content'] as {
    'application/json': { example: unknown }
  }

  expect(shown['application/json'].example).toEqual(JSON.parse(text))
})

/** The server's routes as `GET /live`, read off Fastify's own tree; those of the RPC surface left out. */
function routesOf({ app }: TestApp): string[] {
  const parents: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', name, verbs = ''] = /^(.*?)[├└]── (\S+) \((.*)\)$/.exec(line) ?? []
      if (name === undefined) return []
      const depth = indent.length / 4
      const path = `${(parents[depth - 1] ?? '').replace(/\/$/, '')}/${name.replace(/^\//, '')}`
      parents[depth] = path
      if (path === '/' || path.includes('*')) return []
      // What stands behind that login are pages for people, and their forms.
      if (path.startsWith('/portal') && !path.startsWith('/portal/enter')) return []
      // HEAD goes with its GET, and is not described.
      return verbs.split(', ').flatMap((verb) => (verb === 'HEAD' ? [] : `${verb} ${path}`))
    })
}

test('the document and the server have the same plain routes', async () => {
  const setup = await testApp()

  const described = Object.entries(plainRoutes).flatMap(([path, verbs]) =>
    Object.keys(verbs).map(
      (verb) => `${verb.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    ),
  )

  expect(routesOf(setup).toSorted()).toEqual(described.toSorted())
})

test('what passes as it came is described as Bridge documents it', () => {
  const properties = (name: string) => {
    const [row] = Object.values(z.toJSONSchema(methodNamed(name).result).$defs ?? {})
    return row!.properties
  }

  expect(properties('get_bank_accounts')).toMatchObject({
    id: { type: 'integer' },
    balance: { type: ['number', 'null'] },
    iban: { type: ['string', 'null'] },
  })
  expect(properties('get_bank_transactions')).toMatchObject({
    amount: { type: ['number', 'null'] },
    deleted: { type: ['boolean', 'null'] },
  })
})

test('real answers fit their schemas', async () => {
  const setup = await testApp()
  const { siteKey, site } = await aTenant(setup.app)
  const { itemId, accountId } = await aConnectedBank(setup, site, { user: 'me@acme.test' })
  const call = async (name: string, params: object) => {
    const { status, message, body } = await callMethod(setup.app, name, params, { as: siteKey })
    expect(status, JSON.stringify(body)).toBe(200)
    expect(methodNamed(name).result.safeParse(message).error?.issues ?? [], name).toEqual([])
    return message
  }
  const redirect_url = 'https://erp.acme.test/app/bank'
  const user = 'me@acme.test'

  const { request } = await call('get_bridge_connect_link', { redirect_url, user })
  await call('get_bridge_edit_link', { redirect_url, item_id: itemId })
  await call('get_sca_authentication_link', { redirect_url, item_id: itemId })
  await call('get_pro_confirmation_link', { redirect_url, item_id: itemId })
  await call('get_bridge_item_id', { request })
  await call('get_bridge_item_details', { item_id: itemId })
  await call('get_bank_accounts', { item_id: itemId })
  await call('get_single_bank', { bank_id: 574 })
  await call('get_bank_transactions', { user })
  await call('get_bank_transactions_by_account', { account_id: accountId })
  await call('get_category', {})
  await call('post_item_refresh', { item_id: itemId })
  await call('delete_bridge_item_id', { item_id: itemId })
})

test('every $ref leads somewhere, and operation ids are unique', async () => {
  const document = await read(await testApp())
  const text = JSON.stringify(document)

  const refs = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path)
  const ids = operationsIn(document.paths, document.webhooks).map((each) => each.operationId)

  expect(refs.length).toBeGreaterThan(0)
  for (const path of refs) {
    let place: unknown = document
    for (const step of path.split('/')) place = (place as Record<string, unknown>)[step]
    expect(place, path).toBeDefined()
  }
  expect(new Set(ids).size).toBe(ids.length)
})

test('the page names nothing elsewhere, and offers calls in a sandbox alone', async () => {
  const real = (await (await testApp()).app.inject('/docs')).body
  const text = real.replaceAll(/<pre[^>]*>[\s\S]*?<\/pre>|<wbr \/>/g, '')

  expect(text).not.toMatch(/(?:src|href)="(?!\/|#|\?lang=)/)
  expect(text).not.toContain('<form')
  expect(text).not.toContain('api_secret" type="password"')
  expect(text.match(/<script[^>]*>/g)).toEqual(['<script src="/docs/page.js" defer>'])
  for (const { name } of methods) expect(text).toContain(name)
})
