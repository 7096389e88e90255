import { expect, test } from 'vitest'
import { createCallbackVerifier } from '../../../src/connect/callback-verifier.ts'
import { bridgeTime, callBack, callMethod, testApp, withoutReference } from '../../support/app.ts'
import { bridgeUrl } from '../../support/bridge.ts'
import { aTenant, testBy } from '../../support/tenants.ts'
import { http, HttpResponse } from 'msw'

const old = 'https://erp.acme.test'
const present = 'https://new.acme.test'

/** A site whose user opened a link and connected a bank, but did not come back yet. */
async function underWay({ listed = [] }: { listed?: string[] } = {}) {
  const made = await testApp()
  const { app, world, clock, bridge } = made
  const acme = await aTenant(app)
  await app.store.updateSite(acme.site.id, { allowedOrigins: listed }, testBy)
  const order = { redirect_url: `${old}/app/bank?view=1`, user: 'ada@acme.test', bank: 'Bank' }
  const as = acme.siteKey
  const { message: link } = await callMethod(app, 'get_bridge_connect_link', order, { as })
  const context: string = link.request
  const [ada] = await app.store.findUsers(acme.scope)
  const now = bridgeTime(clock.now())
  const item = { created_at: now, last_try_refresh: now }
  const item_id = world.addItem(ada!.user.userUuid!, item).id
  bridge.calls.length = 0
  const change = (fields: Parameters<typeof app.store.updateSite>[1]) =>
    app.store.updateSite(acme.site.id, fields, testBy)
  const disable = (disabled = true) => app.store.setTenantDisabled(acme.tenant.id, disabled, testBy)
  const requestNow = async () => (await app.store.findRequest(acme.scope, context))!.request
  return { ...made, acme, context, item_id, change, disable, requestNow }
}

test('after a move the browser goes to the present origin, and never to the old one', async () => {
  const { context, item_id, change, ...made } = await underWay()
  await change({ origin: present })

  const first = await callBack(made, { context, item_id })
  const again = await callBack(made, { context })

  const home = `${present}/?request=${context}&success=true&item_id=${item_id}`
  expect([first.headers.location, again.headers.location]).toEqual([home, home])
})

test('whoever leaves, or comes while Bridge is away, is not sent to the old origin either', async () => {
  const { context, item_id, change, bridge, ...made } = await underWay()
  await change({ origin: present })

  const left = await callBack(made, { context, step: 'leave' })
  bridge.use(http.all(`${bridgeUrl}/*`, () => HttpResponse.error()))
  const away = await callBack(made, { context, item_id })

  expect(left.headers.location).toBe(`${present}/?request=${context}&success=false&step=leave`)
  expect(away.headers.location).toBe(`${present}/?request=${context}`)
})

test('an address that the site still lists is kept as it was asked for', async () => {
  const { context, item_id, change, ...made } = await underWay()
  await change({ origin: present, allowedOrigins: [old] })

  const { headers } = await callBack(made, { context, item_id })

  const outcome = `request=${context}&success=true&item_id=${item_id}`
  expect(headers.location).toBe(`${old}/app/bank?view=1&${outcome}`)
})

test('an address that was taken off the list is no longer gone to', async () => {
  const { context, item_id, change, ...made } = await underWay()
  await change({ origin: present, allowedOrigins: [old] })
  await change({ allowedOrigins: [] })

  const { headers } = await callBack(made, { context, item_id })

  expect(String(headers.location)).toMatch(`${present}/?`)
})

test.each([
  ['to another that it has', [present, 'https://more.acme.test'], `${present}/`],
  ['to our own page when it has none', [], 'https://bank.test/renewed'],
])(
  'a site that only has addresses of its list sends nobody to one that was taken off it, but %s',
  async (_where, listed, home) => {
    const { context, item_id, change, ...made } = await underWay({ listed: [old] })
    await change({ allowedOrigins: listed })

    const { headers } = await callBack(made, { context, item_id })

    expect(headers.location).toBe(`${home}?request=${context}&success=true&item_id=${item_id}`)
  },
)

test('the callback of a disabled tenant stores nothing, asks nothing, and is unknown', async () => {
  const { context, item_id, disable, requestNow, bridge, ...made } = await underWay()
  const before = await requestNow()
  await disable()

  const answers = [
    await callBack(made, { context, item_id }),
    await callBack(made, { context, step: 'leave' }),
  ]
  const never = await callBack(made, { context: 'never' })

  for (const { statusCode, body, headers } of answers) {
    expect(statusCode).toBe(404)
    expect(withoutReference(body)).toBe(withoutReference(never.body))
    expect(headers.location).toBeUndefined()
  }
  expect(bridge.calls).toEqual([])
  expect(await requestNow()).toEqual(before)
})

test('a tenant that is disabled while Bridge is asked has nothing stored either', async () => {
  const { context, item_id, disable, requestNow, bridge, acme, ...made } = await underWay()
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/:id`, async () => {
      await disable()
      return undefined
    }),
  )

  const { headers } = await callBack(made, { context, item_id })

  expect(headers.location).toBeUndefined()
  expect(await requestNow()).toMatchObject({ state: 'pending', itemId: null })
  expect(await made.app.store.findItem(acme.scope, item_id)).toBeUndefined()
})

test('what a callback left for later rests while the tenant is disabled', async () => {
  const { context, item_id, disable, requestNow, bridge, ...made } = await underWay()
  const verifyCallbacks = createCallbackVerifier(made.app.settleDeps, made.app.memberId)
  let away = true
  bridge.use(http.all(`${bridgeUrl}/*`, () => (away ? HttpResponse.error() : undefined)))
  await callBack(made, { context, item_id })
  away = false
  bridge.calls.length = 0

  await disable()
  await verifyCallbacks()
  const meanwhile = { calls: bridge.calls.length, state: (await requestNow()).state }
  await disable(false)
  await verifyCallbacks()

  expect(meanwhile).toEqual({ calls: 0, state: 'pending' })
  expect(await requestNow()).toMatchObject({ state: 'completed', itemId: item_id })
})

test('no event of Bridge’s completes a request of a disabled tenant', async () => {
  const { context, item_id, disable, requestNow, acme, ...made } = await underWay()
  const { app } = made
  const [ada] = await app.store.findUsers(acme.scope)
  const item = { kind: 'item', userId: ada!.user.id, itemId: item_id, at: app.clock.now() } as const
  const said = {
    status: 0,
    statusCodeInfo: 'ok',
    authenticationExpiresAt: null,
    accountTypes: null,
  }
  await app.store.applyEvent({ ...item, ...said })

  await disable()

  expect(await app.store.findRequestsForItem(item_id)).toBeUndefined()
  expect(await requestNow()).toMatchObject({ id: context, state: 'pending' })
})
