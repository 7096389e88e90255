import { expect, test } from 'vitest'
import { callMethod, testApp } from '../../support/app.ts'
import { aTenant, testBy, type TestKey } from '../../support/tenants.ts'

const origin = 'https://erp.acme.test'

async function pinning({
  env = {},
  sites = ['erp.acme.test'],
}: { env?: Record<string, string>; sites?: string[] } = {}) {
  const made = await testApp({ env })
  const acme = await aTenant(made.app, { sites })
  const link = (params: object, as: TestKey = acme.siteKey) =>
    callMethod(made.app, 'get_bridge_connect_link', { email: 'ada@acme.test', ...params }, { as })
  const siteNamed = (name: string) => made.app.store.findSite(acme.scope, name)
  const redirectOf = async (request: string) =>
    (await made.app.store.findRequest(acme.scope, request))?.request.redirectUrl
  return { ...made, acme, link, siteNamed, redirectOf }
}

const refused = (argument: string) => ({
  status: 417,
  body: { exc_type: 'ValidationError', exception: expect.stringContaining(`'${argument}'`) },
})

test('the first link pins the site’s origin from base_url', async () => {
  const { link, siteNamed } = await pinning()

  await link({ base_url: `${origin}/anything`, redirect_url: '/app/bank' })

  expect((await siteNamed('erp.acme.test'))?.origin).toBe(origin)
})

test('without base_url the redirect pins it', async () => {
  const { link, siteNamed } = await pinning()

  await link({ redirect_url: `${origin}/app` })

  expect((await siteNamed('erp.acme.test'))?.origin).toBe(origin)
})

test('a link that Bridge did not give pins nothing', async () => {
  const { link, siteNamed } = await pinning()

  await link({ base_url: origin, redirect_url: 'https://evil.test/' })

  expect((await siteNamed('erp.acme.test'))?.origin).toBeNull()
})

test.each([
  { argument: 'base_url', change: { base_url: 'https://evil.test' } },
  { argument: 'redirect_url', change: { redirect_url: 'https://evil.test/app' } },
  { argument: 'redirect_url', change: { redirect_url: `${origin}.evil.test/app` } },
  { argument: 'redirect_url', change: { redirect_url: `${origin}:8443/app` } },
  { argument: 'redirect_url', change: { redirect_url: `${origin}@evil.test/app` } },
  { argument: 'redirect_url', change: { redirect_url: '//evil.test/app' } },
  { argument: 'redirect_url', change: { redirect_url: '/\\evil.test/app' } },
  { argument: 'redirect_url', change: { redirect_url: 'javascript:alert(1)' } },
  { argument: 'redirect_url', change: { redirect_url: 'http://erp.acme.test/app' } },
  { argument: 'redirect_url', change: { redirect_url: 'https://a:b@erp.acme.test/app' } },
  { argument: 'webhook_url', change: { webhook_url: 'https://evil.test/hook' } },
  { argument: 'webhook_url', change: { webhook_url: 'http://erp.acme.test/hook' } },
])('once pinned, $change is refused by name', async ({ argument, change }) => {
  const { link, siteNamed, world } = await pinning()
  await link({ redirect_url: `${origin}/app` })
  const before = await siteNamed('erp.acme.test')

  const answer = await link({ redirect_url: `${origin}/app`, ...change })

  expect(answer).toMatchObject(refused(argument))
  expect(await siteNamed('erp.acme.test')).toEqual(before)
  expect(world.sessions).toHaveLength(1)
})

test('an address on the site’s allow-list is taken', async () => {
  const { app, acme, link, redirectOf } = await pinning()
  await link({ redirect_url: `${origin}/app` })
  const by = { actor: 'test', at: 0 }
  await app.store.updateSite(acme.site.id, { allowedOrigins: ['https://portal.acme.test'] }, by)

  const { message } = await link({ redirect_url: 'https://portal.acme.test/bank?a=1#b' })

  expect(await redirectOf(message.request)).toBe('https://portal.acme.test/bank?a=1#b')
  expect(await link({ redirect_url: 'https://other.acme.test/' })).toMatchObject(
    refused('redirect_url'),
  )
})

test('http is for operators who allow it', async () => {
  const strict = await pinning()
  const lax = await pinning({ env: { ALLOW_HTTP: 'true' } })
  const order = { base_url: 'http://erp.acme.test', redirect_url: '/app' }

  expect(await strict.link(order)).toMatchObject(refused('base_url'))
  expect((await lax.link(order)).status).toBe(200)
})

test('site-relative addresses belong to the pinned origin', async () => {
  const { link, redirectOf, siteNamed } = await pinning()
  await link({ redirect_url: `${origin}/app` })

  const { message } = await link({ redirect_url: '/app/bank?x=1#y', webhook_url: '/api/hook' })

  expect(await redirectOf(message.request)).toBe(`${origin}/app/bank?x=1#y`)
  expect((await siteNamed('erp.acme.test'))?.webhookUrl).toBe(`${origin}/api/hook`)
})

test('a site-relative address needs an origin', async () => {
  const { link } = await pinning()

  expect(await link({ redirect_url: '/app' })).toMatchObject(refused('redirect_url'))
})

test('a new webhook path is taken and audited, the same one is not', async () => {
  const { app, acme, link, siteNamed } = await pinning()
  const order = { redirect_url: `${origin}/app` }
  const changes = async () => {
    const rows = await app.store.listAudit({ tenantId: acme.tenant.id, limit: 50 })
    return rows.filter(({ action }) => action === 'site.pinned').length
  }
  await link({ ...order, webhook_url: `${origin}/hook` })
  const first = await changes()

  await link({ ...order, webhook_url: `${origin}/hook` })
  await link(order)
  expect(await changes()).toBe(first)

  await link({ ...order, webhook_url: `${origin}/new-hook` })
  expect(await changes()).toBe(first + 1)
  expect((await siteNamed('erp.acme.test'))?.webhookUrl).toBe(`${origin}/new-hook`)
})

test('a site key always means its own site', async () => {
  const { app, acme, link } = await pinning({ sites: ['erp.acme.test', 'shop.acme.test'] })

  const { message } = await link({ site: 'erp.acme.test', redirect_url: `${origin}/app` })

  const owned = await app.store.findRequest(acme.scope, message.request)
  expect(owned?.site.name).toBe('erp.acme.test')
})

test('a tenant key means the site it names, made when it is not there', async () => {
  const { app, acme, link, siteNamed } = await pinning()

  const { message } = await link(
    { site: 'new.acme.test', redirect_url: 'https://new.acme.test/app' },
    acme.tenantKey,
  )

  const owned = await app.store.findRequest(acme.scope, message.request)
  expect(owned?.site.name).toBe('new.acme.test')
  expect((await siteNamed('new.acme.test'))?.origin).toBe('https://new.acme.test')
  expect((await siteNamed('erp.acme.test'))?.origin).toBeNull()
})

test('a tenant key without site means the one with base_url’s origin', async () => {
  const { app, acme, link } = await pinning({ sites: ['erp.acme.test', 'shop.acme.test'] })
  const shop = { site: 'shop.acme.test', redirect_url: 'https://shop.acme.test/app' }
  await link(shop, acme.tenantKey)

  const order = { base_url: 'https://SHOP.acme.test:443/desk', redirect_url: '/app' }
  const { message } = await link(order, acme.tenantKey)

  const owned = await app.store.findRequest(acme.scope, message.request)
  expect(owned?.site.name).toBe('shop.acme.test')
})

test('a tenant key with a new base_url makes a site named after its origin, once', async () => {
  const { app, acme, link } = await pinning()
  const order = { base_url: 'https://new.acme.test', redirect_url: '/app' }

  await link(order, acme.tenantKey)
  await link(order, acme.tenantKey)

  const names = (await app.store.listSites(acme.scope)).map(({ name }) => name)
  expect(names.toSorted()).toEqual(['erp.acme.test', 'https://new.acme.test'])
})

test('a tenant key may not pin a named site elsewhere', async () => {
  const { acme, link } = await pinning()
  await link({ redirect_url: `${origin}/app` })

  const answer = await link(
    { site: 'erp.acme.test', base_url: 'https://evil.test', redirect_url: '/app' },
    acme.tenantKey,
  )

  expect(answer).toMatchObject(refused('base_url'))
})

test('of two first links at once to different addresses, one is told that the other was first', async () => {
  const { link } = await pinning()

  const answers = await Promise.all([
    link({ redirect_url: `${origin}/app` }),
    link({ redirect_url: 'https://shop.acme.test/app' }),
  ])

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 417]))
  const { body } = answers.find(({ status }) => status === 417)!
  expect(body).toMatchObject({ exc_type: 'ValidationError', code: 'site_changed' })
})

test('a site that is being deleted gets no link, and is not made anew', async () => {
  const { app, acme, link } = await pinning()
  const { tenant, site } = acme
  const order = { id: 'rem_1', kind: 'site' as const, tenantId: tenant.id, subjectId: site.id }
  await app.store.startRemoval({ ...order, name: site.name, withBridgeUsers: false }, testBy)

  const answer = await link({ site: site.name, redirect_url: `${origin}/app` }, acme.tenantKey)

  expect(answer).toMatchObject({
    status: 417,
    body: {
      exc_type: 'ValidationError',
      code: 'site_gone',
      exception: expect.stringContaining('erp.acme.test is being deleted'),
    },
  })
})

test('a tenant key with one site may leave it out, with several it may not', async () => {
  const one = await pinning()
  const two = await pinning({ sites: ['erp.acme.test', 'shop.acme.test'] })
  const order = { redirect_url: `${origin}/app` }

  expect((await one.link(order, one.acme.tenantKey)).status).toBe(200)
  expect(await two.link(order, two.acme.tenantKey)).toMatchObject({
    status: 417,
    body: { exc_type: 'MandatoryError', exception: expect.stringContaining("'site'") },
  })
})

test('two tenants may have sites of the same name and origin', async () => {
  const { app, acme, link } = await pinning()
  const globex = await aTenant(app, { name: 'globex', sites: ['erp.acme.test'] })
  const order = { base_url: origin, redirect_url: '/app' }

  const ours = await link(order, acme.tenantKey)
  const theirs = await link(order, globex.tenantKey)

  expect([ours.status, theirs.status]).toEqual([200, 200])
  expect(await app.store.findRequest(acme.scope, theirs.message.request)).toBeUndefined()
  expect(await app.store.findRequest(globex.scope, theirs.message.request)).toBeDefined()
})
