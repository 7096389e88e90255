import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import { tenantLimits, type Limiter } from '../../../src/auth/limits.ts'
import { callsKept, createCallLog } from '../../../src/calls/call-log.ts'
import { callMethod, testApp } from '../../support/app.ts'
import { bridgeUrl } from '../../support/bridge.ts'
import { testClock } from '../../support/clock.ts'
import { aKey, aTenant } from '../../support/tenants.ts'

const redirect_url = 'https://erp.acme.test/app'

type App = Awaited<ReturnType<typeof testApp>>['app']

function use(limiter: Limiter, name: string, times: number): void {
  for (let n = 0; n < times; n += 1) limiter.take(name)
}

async function aHost(env: Record<string, string> = {}) {
  const made = await testApp({ env: { LIMIT_PER_KEY: '0', ...env } })
  const acme = await aTenant(made.app)
  const link = (params: object, as = acme.tenantKey) =>
    callMethod(
      made.app,
      'get_bridge_connect_link',
      { email: 'ada@acme.test', redirect_url, ...params },
      { as },
    )
  return { ...made, acme, link }
}

test('a tenant key that makes up sites with refused targets leaves a handful of audit rows', async () => {
  const { app, acme, link } = await aHost()

  for (let n = 0; n < 100; n += 1) {
    await link({
      site: `made-up-${n}`,
      redirect_url: 'https://127.0.0.1/',
      webhook_url: 'https://127.0.0.1/x',
    })
  }
  await app.auditCounter.flush()

  const rows = await app.store.listAudit({ action: 'target.refused', limit: 1_000 })
  expect(rows.length).toBeGreaterThan(1)
  expect(rows.length).toBeLessThanOrEqual(21)
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(100)
  expect(new Set(rows.map(({ tenantId, actor }) => `${tenantId} ${actor}`))).toEqual(
    new Set([`${acme.tenant.id} key:${acme.tenantKey.apiKey}`]),
  )
})

test('a site’s links of a day have a bound; another site, and tomorrow, have their own', async () => {
  const { app, acme, clock, link } = await aHost({ QUOTA_BURST: '4000' })
  const { id } = acme.site
  use(app.limits.links.sites, id, tenantLimits.linksPerSite)

  const refused = await link({ site: acme.site.name })
  const other = await link({ site: 'other', redirect_url: 'https://other.test/' })
  clock.advance(24 * 60 * 60_000)
  const tomorrow = await link({ site: acme.site.name })

  expect(refused).toMatchObject({ status: 429, body: { exc_type: 'TooManyRequestsError' } })
  expect([other.status, tomorrow.status]).toEqual([200, 200])
})

test('a tenant’s links of a day have a bound, before a site or a user is made', async () => {
  const { app, acme, link } = await aHost()
  use(app.limits.links.tenants, acme.tenant.id, tenantLimits.linksPerTenant)

  const refused = await link({ site: 'new', redirect_url: 'https://new.test/', user: 'ann' })

  expect(refused.status).toBe(429)
  expect(await app.store.countHeld(acme.tenant.id)).toEqual({ sites: 1, users: 0 })
})

test('a site’s own keys fill 400 of its tenant’s calls under way, and its sisters are still served', async () => {
  const { app, bridge } = await aHost()
  const { tenant, sites, siteKey } = await aTenant(app, { name: 'host', sites: ['one', 'two'] })
  const sisters = await aKey(app, tenant, sites[1]!)
  const answer = Promise.withResolvers<void>()
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/categories`, async () => {
      await answer.promise
      return HttpResponse.json({ resources: [] })
    }),
  )
  const get = (as: typeof siteKey) => callMethod(app, 'get_category', { category_id: 1 }, { as })
  const waiting = Array.from({ length: 400 }, () => get(siteKey))

  const refused = await get(siteKey)
  const sister = await callMethod(app, 'get_events', {}, { as: sisters })
  answer.resolve()
  await Promise.all(waiting)

  expect(refused).toMatchObject({ status: 429, body: { exc_type: 'TooManyRequestsError' } })
  expect(sister.status).toBe(200)
})

test.each<[what: string, method: string, params: object, empty: (app: App, id: string) => void]>([
  [
    'links',
    'get_bridge_connect_link',
    { email: 'ada@acme.test', redirect_url },
    ({ limits }, id) => use(limits.links.sites, id, tenantLimits.linksPerSite - 1),
  ],
  [
    'addresses of its page',
    'get_portal_link',
    {},
    ({ limits }, id) => use(limits.links.sites, id, tenantLimits.linksPerSite - 1),
  ],
  [
    'webhook URLs',
    'get_bridge_connect_link',
    { email: 'ada@acme.test', redirect_url, webhook_url: 'https://erp.acme.test/other' },
    ({ limits }, id) => use(limits.webhookUrls, id, tenantLimits.webhookUrlsPerSite),
  ],
])(
  'a site that asks for more %s than it may takes none of its sisters’ links',
  async (_what, method, params, empty) => {
    const { app, acme, link } = await aHost()
    await link({ webhook_url: 'https://erp.acme.test/hook' }, acme.siteKey)
    empty(app, acme.site.id)
    use(app.limits.links.tenants, acme.tenant.id, tenantLimits.linksPerTenant - 11) // of ten that are left

    for (let n = 0; n < 20; n += 1) {
      const refused = await callMethod(app, method, params, { as: acme.siteKey })
      expect(refused.status).toBe(429)
    }
    const sister = await link({ site: 'sister', redirect_url: 'https://sister.test/' })

    expect(sister.status).toBe(200)
  },
)

test('a webhook URL changes fifty times a day, each of them audited, and no more', async () => {
  const { app, acme, link } = await aHost()
  const named = (n: number) =>
    link({ webhook_url: `https://erp.acme.test/hook/${n}` }, acme.siteKey)
  await named(0)
  use(app.limits.webhookUrls, acme.site.id, tenantLimits.webhookUrlsPerSite)

  expect((await named(1)).status).toBe(429)
  expect((await named(0)).status).toBe(200)
})

test('an address is as long as it is kept, not as it was written', async () => {
  const { acme, link } = await aHost()

  const answer = await link(
    { redirect_url: `${redirect_url}?q=${'€'.repeat(1_900)}` },
    acme.siteKey,
  )

  expect(answer.status).toBe(417)
  expect(answer.body.exception).toContain("'redirect_url'")
})

test('a tenant key cannot make sites and users without end', async () => {
  const { app, acme, link } = await aHost()
  const held = { sites: tenantLimits.sitesPerTenant, users: tenantLimits.usersPerTenant }
  Object.assign(app.store, { countHeld: async () => held })

  const site = await link({ site: 'one-more', redirect_url: 'https://more.test/' })
  const user = await link({ site: acme.site.name, user: 'one-more' })

  expect([site.status, user.status]).toEqual([417, 417])
  expect(site.body.exception).toContain('No more sites')
  expect(user.body.exception).toContain('No more users')
})

test('of a key’s calls so many are kept in a day; of another key’s and tomorrow’s as many', async () => {
  const clock = testClock()
  const stored: string[] = []
  const callLog = createCallLog({
    clock,
    count: () => Promise.resolve(),
    write: async (calls) => void stored.push(...calls.map(({ id }) => id)),
    limits: { ...callsKept, waiting: 100, inADay: 2, refused: 1 },
  })
  const end = (id: string, apiKey: string, isAdmitted = true) =>
    callLog.end(
      { id, at: clock.now(), method: 'm', apiKey, isAdmitted, bridge: [] },
      { status: 200, refused: null },
    )

  for (const id of ['a-refused', 'a-refused-too']) end(id, 'a', false)
  for (const id of ['a1', 'a2', 'a3']) end(id, 'a')
  end('b1', 'b')
  clock.advance(24 * 60 * 60_000)
  end('a4', 'a')
  await callLog.flush()

  expect(stored).toEqual(['a-refused', 'a1', 'a2', 'b1', 'a4'])
})

/** A call log whose tenants have a small day, which calls ended in it, and which of them were stored. */
function aLogOfTenants() {
  const clock = testClock()
  const stored: string[] = []
  const callLog = createCallLog({
    clock,
    count: () => Promise.resolve(),
    write: async (calls) => void stored.push(...calls.map(({ id }) => id)),
    limits: { ...callsKept, waiting: 100, inADay: 3, ofTenant: 4, refused: 2, refusedOfTenant: 3 },
  })
  const end = (id: string, [tenantId, apiKey]: [string, string], isAdmitted = true) =>
    callLog.end(
      { id, at: clock.now(), method: 'm', apiKey, tenantId, isAdmitted, bridge: [] },
      { status: 200, refused: null },
    )
  return { clock, callLog, stored, end }
}

test('of all keys of a tenant together so many calls are kept in a day; of another tenant’s and tomorrow’s as many', async () => {
  const { clock, callLog, stored, end } = aLogOfTenants()

  for (const id of ['a1', 'a2', 'a3', 'a4']) end(id, ['acme', 'a'])
  for (const id of ['b1', 'b2']) end(id, ['acme', 'b'])
  end('c1', ['acme', 'c'])
  end('d1', ['other', 'd'])
  clock.advance(24 * 60 * 60_000)
  end('b3', ['acme', 'b'])
  await callLog.flush()

  expect(stored).toEqual(['a1', 'a2', 'a3', 'b1', 'd1', 'b3'])
})

test('what is refused to whoever knows the names of a tenant’s keys has a bound, too, and takes nothing from its day', async () => {
  const { callLog, stored, end } = aLogOfTenants()

  for (const id of ['a-1', 'a-2', 'a-3']) end(id, ['acme', 'a'], false)
  for (const id of ['b-1', 'b-2']) end(id, ['acme', 'b'], false)
  end('c-1', ['acme', 'c'], false)
  end('d-1', ['other', 'd'], false)
  for (const id of ['a1', 'a2', 'a3']) end(id, ['acme', 'a'])
  end('b1', ['acme', 'b'])
  await callLog.flush()

  expect(stored).toEqual(['a-1', 'a-2', 'b-1', 'd-1', 'a1', 'a2', 'a3', 'b1'])
})

test('of one request’s callbacks a few dozen are kept in a day, and the other browsers’ as before', async () => {
  const { app, acme, clock, link } = await aHost({ LIMIT_PER_ADDRESS: '0' })
  const [first, second] = [await link({}, acme.siteKey), await link({}, acme.siteKey)]
  const requests = [first, second].map(({ message }) => message.request as string)
  const written: (string | null)[] = []
  const { addCalls } = app.store
  app.store.addCalls = async (calls) => {
    const callbacks = calls.filter(({ method }) => method === 'bridge/callback')
    written.push(...callbacks.map(({ request }) => request))
    return addCalls(calls)
  }
  const keptOfDay = async (request: string | undefined, times: number) => {
    const url = `/bridge/callback?context=${request}&success=false`
    for (let n = 0; n < times; n += 1) {
      clock.advance(1_100)
      expect((await app.inject(url)).statusCode).toBe(302)
    }
    await app.callLog.flush()
    return written.splice(0).filter((one) => one === request).length
  }

  expect(await keptOfDay(requests[0], 50)).toBe(30)
  expect(await keptOfDay(requests[0], 5)).toBe(0)
  expect(await keptOfDay(requests[1], 5)).toBe(5)
})

test('what one request’s browser sends too much takes nothing from the day of all browsers', async () => {
  const clock = testClock()
  const stored: string[] = []
  const callLog = createCallLog({
    clock,
    count: () => Promise.resolve(),
    write: async (calls) => void stored.push(...calls.map(({ request }) => request ?? '')),
    limits: { ...callsKept, waiting: 100, inADay: 3, callbacks: 2 },
  })
  const comesBack = (request: string) =>
    callLog.end(
      { id: request, at: clock.now(), method: 'bridge/callback', request, bridge: [] },
      { status: 302, refused: null },
    )

  for (const request of ['a', 'a', 'a', 'a', 'b', 'c']) comesBack(request)
  clock.advance(24 * 60 * 60_000)
  comesBack('a')
  await callLog.flush()

  expect(stored).toEqual(['a', 'a', 'b', 'a'])
})

test('two flushes at once store each call once', async () => {
  const stored: string[] = []
  const log = createCallLog({
    clock: testClock(),
    count: () => Promise.resolve(),
    write: async (calls) => {
      await Promise.resolve()
      stored.push(...calls.map(({ id }) => id))
    },
  })
  const end = (id: string) =>
    log.end({ id, at: 0, method: 'ping', bridge: [] }, { status: 200, refused: null })

  end('a')
  const first = log.flush()
  const second = log.flush()
  end('b')
  await Promise.all([first, second])
  await log.flush()

  expect(stored).toEqual(['a', 'b'])
})
