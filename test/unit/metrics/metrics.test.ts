import { expect, test, vi } from 'vitest'
import { methods } from '../../../src/routes/index.ts'
import { consentWindows } from '../../../src/metrics/gauges.ts'
import { aConnectedBank, callMethod, testApp } from '../../support/app.ts'
import { layCable } from '../../support/cable.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { aTenant, anAnnouncement, aUser, testBy } from '../../support/tenants.ts'

const token = 'token-of-the-operator'
const scraping = { authorization: `Bearer ${token}` }

const anApp = () => testApp({ env: { METRICS_TOKEN: token } })

async function scrape({ app }: Awaited<ReturnType<typeof anApp>>): Promise<string> {
  const { body, statusCode } = await app.inject({ url: '/metrics', headers: scraping })
  expect(statusCode).toBe(200)
  return body
}

withPostgres((it, server) => {
  it('instances of one database show the same of it, and one that lost it leaves that out', async () => {
    const direct = new URL(await testDatabase(server))
    const cable = await layCable(Number(direct.port))
    const url = direct.href.replace(direct.port, String(cable.port))
    const env = { METRICS_TOKEN: token }
    const [one, two] = [
      await testApp({ env, database: { url: direct.href, poolSize: 2 } }),
      await testApp({ env, database: { url, poolSize: 2 } }),
    ]
    await aTenant(one.app)
    const ofDatabase =
      /^bank_api_(?:deliveries|delivery_queue|events|endpoint_failing|endpoints|consents|tenants|sites|items).*/gm
    const shown = async (app: typeof one) => (await scrape(app)).match(ofDatabase)

    expect(await shown(one)).toContain('bank_api_tenants 1')
    expect(await shown(two)).toEqual(await shown(one))
    expect(await scrape(one)).toMatch(/^bank_api_leader 1\n[^]*/m)

    cable.cut()
    await vi.waitFor(
      async () => {
        two.clock.advance(6_000)
        expect(await scrape(two)).toContain('bank_api_ready 0')
      },
      { timeout: 60_000 },
    )
    expect(await shown(two)).toBeNull()
    expect(await shown(one)).toContain('bank_api_tenants 1')
    cable.mend()
  })
})

test.each([
  ['no token given', {}],
  ['another token', { authorization: 'Bearer token-of-the-operatoR' }],
  ['the token without its scheme', { authorization: token }],
])('with %s, /metrics does not exist', async (_name, headers) => {
  const { app } = await anApp()

  const refused = await app.inject({ url: '/metrics', headers })
  const nowhere = await app.inject('/nowhere')

  expect(refused.statusCode).toBe(404)
  expect(refused.body).toBe(nowhere.body)
})

test('without a configured token nobody reads /metrics', async () => {
  const { app } = await testApp()

  const answers = await Promise.all(
    ['Bearer ', 'Bearer undefined', ''].map((authorization) =>
      app.inject({ url: '/metrics', headers: { authorization } }),
    ),
  )

  expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404])
})

test('tries of webhooks and disabled endpoints are counted', async () => {
  const setup = await anApp()
  setup.app.metrics.webhookTried('failed')
  setup.app.metrics.endpointDisabled()

  const text = await scrape(setup)

  expect(text).toContain('bank_api_webhook_tries_total{outcome="failed"} 1')
  expect(text).toContain('bank_api_endpoint_disablings_total 1')
})

test('calls are counted by method and outcome, and Bridge calls by endpoint and status', async () => {
  const setup = await anApp()
  const { siteKey, site } = await aTenant(setup.app)
  const { itemId } = await aConnectedBank(setup, site)

  await callMethod(setup.app, 'get_bank_accounts', { item_id: itemId }, { as: siteKey })
  await callMethod(setup.app, 'get_bank_accounts', { item_id: 1 }, { as: siteKey })
  const text = await scrape(setup)

  const method = 'method="bank_api.bridge.get_bank_accounts"'
  expect(text).toContain(`bank_api_rpc_requests_total{${method},outcome="ok"} 1`)
  expect(text).toContain(`bank_api_rpc_requests_total{${method},outcome="DoesNotExistError"} 1`)
  const endpoint = 'method="GET",endpoint="/v3/aggregation/accounts"'
  expect(text).toContain(`bank_api_bridge_requests_total{${endpoint},status="200"} 2`)
  expect(text).toContain(`bank_api_bridge_request_duration_seconds_count{${endpoint}} 2`)
  expect(text).toMatch(/^bank_api_bridge_quota_remaining \d+/m)
  expect(text).toMatch(/^bank_api_bridge_quota_limit 400$/m)
})

test('Bridge’s endpoints are told with {id} for ids, and what took longer than a call may lies beyond the last bucket', async () => {
  const setup = await anApp()
  const call = { method: 'GET', route: '/v3/providers/{id}', attempt: 1 }
  setup.app.metrics.bridgeCalled({ ...call, status: 200, durationMs: 9_999 })
  setup.app.metrics.bridgeCalled({ ...call, status: undefined, durationMs: 10_003 })

  const text = await scrape(setup)

  const endpoint = 'method="GET",endpoint="/v3/providers/{id}"'
  const buckets = text.split('\n').filter((line) => line.includes(`_bucket{le=`))
  const of = (le: string) =>
    buckets.find((line) => line.startsWith('bank_api_bridge') && line.includes(`le="${le}"`))
  expect(of('6.4')).toContain(`${endpoint}} 0`)
  expect(of('10')).toContain(`${endpoint}} 1`)
  expect(of('+Inf')).toContain(`${endpoint}} 2`)
  expect(text).toContain(`bank_api_bridge_requests_total{${endpoint},status="none"} 1`)
})

test('what a rule waits for is counted from zero', async () => {
  const text = await scrape(await anApp())

  for (const { name } of methods) {
    const labels = `method="${name}",outcome="InternalError"`
    expect(text).toContain(`bank_api_rpc_requests_total{${labels}} 0`)
  }
  expect(text).toContain('bank_api_webhooks_received_total{outcome="refused"} 0')
  expect(text).toContain('bank_api_webhook_tries_total{outcome="failed"} 0')
})

test('no label holds what a stranger wrote', async () => {
  const setup = await anApp()

  await setup.app.inject('/api/method/no.such.method.stranger')
  await setup.app.inject('/stranger?secret=stranger')
  await setup.app.inject({
    url: '/api/method/ping',
    headers: { authorization: 'token stranger:b' },
  })
  const text = await scrape(setup)

  expect(text).not.toContain('stranger')
})

test('deliveries, endpoints and consents are counted by state', async () => {
  const setup = await anApp()
  const { app, clock } = setup
  const { site } = await aTenant(app)
  const day = 24 * 60 * 60_000
  const end = new Date(clock.now() + 2 * day).toISOString()
  await aConnectedBank(setup, site, { item: { authentication_expires_at: end } })

  const text = await scrape(setup)

  expect(text).toContain('bank_api_deliveries{state="pending"} 0')
  expect(text).toContain('bank_api_delivery_queue_age_seconds 0')
  expect(text).toContain('bank_api_endpoint_failing_seconds 0')
  expect(text).toContain('bank_api_endpoints{state="disabled"} 0')
  expect(text).toContain('bank_api_consents{days_left="1-3"} 1')
  expect(text).toContain('bank_api_items 1')
  expect(text).toContain('bank_api_ready 1')
})

test('a dead site is told by how long it takes nothing, and leaves the queue as young as the others make it', async () => {
  const setup = await anApp()
  const { app, clock } = setup
  const { site } = await aTenant(app)
  const webhookUrl = 'https://erp.acme.test/hook'
  await app.store.updateSite(site.id, { webhookUrl }, testBy)
  await app.store.acceptEvent(anAnnouncement(app, await aUser(app, site), { itemId: 1 }))
  const now = clock.now()
  const [tried] = await app.store.claimDeliveries({
    by: app.memberId,
    at: now,
    leaseUntil: now + 60_000,
    limit: 1,
  })
  const outcome = { kind: 'failed', dueAt: now + 300_000 } as const
  const endpoint = { webhookUrl, status: null }
  const { id, attempt } = tried!
  await app.store.settleDelivery({ id, attempt, at: now, outcome, try: null, endpoint })
  clock.advance(4 * 60 * 60_000)

  const text = await scrape(setup)

  expect(text).toContain('bank_api_delivery_queue_age_seconds 0')
  expect(text).toContain('bank_api_endpoint_failing_seconds 14400')
  expect(text).toContain('bank_api_endpoints{state="failing"} 1')
})

test('a consent is counted in one window', () => {
  const windows = consentWindows([1, 3, 4, 5, 5, 6, 7])

  expect(Object.fromEntries(windows)).toEqual({
    expired: 1,
    '0-1': 2,
    '1-3': 1,
    '3-7': 1,
    '7-14': 0,
    '14-30': 1,
    '30+': 1,
  })
})

test("our metrics keep to Prometheus' conventions", async () => {
  const text = await scrape(await anApp())
  const ours = [...text.matchAll(/^# TYPE (bank_api_\w+) (\w+)/gm)]

  expect(ours.length).toBeGreaterThan(15)
  for (const [, name = '', type] of ours) {
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb|count|sum|bucket)$/)
    expect(text).toContain(`# HELP ${name} `)
  }
})
