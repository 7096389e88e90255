import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Document, Operation } from '../../../src/openapi/document.ts'
import { plainRoutes } from '../../../src/openapi/plain-routes.ts'
import { methods } from '../../../src/routes/index.ts'
import { aHeldBank, callMethod, testApp, type TestApp } from '../../support/app.ts'
import { aTenant } from '../../support/tenants.ts'

const read = async ({ app }: TestApp): Promise<Document> =>
  (await app.inject('/openapi.json')).json()

const methodNamed = (name: string) =>
  methods.find((method) => method.name === `bank_api.bridge.${name}`)!

test('the document is OpenAPI 3.1 and names every method with its needed arguments', async () => {
  const document = await read(await testApp())

  expect(document.openapi).toBe('3.1.0')
  for (const { name, params } of methods) {
    const { get, post } = document.paths[`/api/method/${name}`]!
    const needed = (params.safeParse({}).error?.issues ?? []).map(({ path }) => path.join('.'))
    const shown = (get!.parameters ?? []).filter(({ required }) => required)
    expect(shown.map((parameter) => parameter.name).toSorted(), name).toEqual(needed.toSorted())
    expect(post!.requestBody === undefined).toBe((get!.parameters ?? []).length === 0)
  }
})

test('every argument and every answer is described, and an example of each argument is accepted', async () => {
  const document = await read(await testApp())

  for (const { name, params } of methods) {
    const { get } = document.paths[`/api/method/${name}`]!
    const parameters = get!.parameters ?? []
    for (const parameter of parameters) expect(parameter.description, parameter.name).not.toBe('')
    expect(get!.summary, name).not.toBe('')

    const examples = Object.fromEntries(parameters.map((each) => [each.name, each.example]))
    expect(params.safeParse(examples).error?.issues ?? [], name).toEqual([])
  }
})

/** The server's routes as `GET /live`, read off Fastify's own tree; the doors of the RPC surface left out. */
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
  const { itemId, accountId } = await aHeldBank(setup, site, { user: 'me@acme.test' })
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
  const ids = Object.values(document.paths).flatMap((verbs) =>
    Object.values(verbs).map(({ operationId }: Operation) => operationId),
  )

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
  const text = real.replaceAll(/<pre>[\s\S]*?<\/pre>/g, '')

  expect(text).not.toMatch(/(?:src|href)="(?!\/|#)/)
  expect(text).not.toContain('<form')
  expect(text).not.toContain('<script')
  for (const { name } of methods) expect(text).toContain(name)
})
