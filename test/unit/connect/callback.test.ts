import type { FastifyInstance } from 'fastify'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import { eventRow } from '../../../src/vault/sealed-rows.ts'
import { toFacts } from '../../../src/ownership/item-list.ts'
import { completedEvent } from '../../../src/connect/completed-event.ts'
import { matchRefreshed } from '../../../src/connect/match-refreshed.ts'
import { createCallbackVerifier, expireRequests } from '../../../src/connect/callback-verifier.ts'
import {
  aConnectedBank,
  bridgeTime,
  callBack,
  callMethod,
  testApp,
  type MethodAnswer,
} from '../../support/app.ts'
import { bridgeUrl } from '../../support/bridge.ts'
import { aRequest, aTenant, itemFacts } from '../../support/tenants.ts'

/** The first round of a worker. */
async function tickConnect({
  settleDeps,
  memberId,
}: Pick<FastifyInstance, 'settleDeps' | 'memberId'>): Promise<void> {
  await expireRequests(settleDeps)
  await createCallbackVerifier(settleDeps, memberId)()
}

const hourMs = 60 * 60_000
const site = 'https://erp.acme.test'

/** A site whose user opened a link, and what the user may do next. */
async function connecting({ redirect = `${site}/app/bank`, env = {} } = {}) {
  const made = await testApp({ env })
  const { app, world, bridge, clock } = made
  const acme = await aTenant(app)
  const link = (params: object = {}, method = 'get_bridge_connect_link'): Promise<MethodAnswer> =>
    callMethod(
      app,
      method,
      { redirect_url: redirect, user: 'ada@acme.test', bank: 'Ma Banque', ...params },
      { as: acme.siteKey },
    )
  const request: string = (await link()).message.request
  const [ada] = await app.store.findUsers(acme.scope)
  const userUuid = ada!.user.userUuid!

  /** What the user leaves at Bridge: an item made now. */
  const newItem = (fields: Parameters<typeof world.addItem>[1] = {}, owner = userUuid) => {
    const now = bridgeTime(clock.now())
    return world.addItem(owner, { created_at: now, last_try_refresh: now, ...fields }).id
  }
  const stateOf = async (id = request) =>
    (await callMethod(app, 'get_bridge_item_id', { request: id }, { as: acme.siteKey })).message
  const back = async (query: Parameters<typeof callBack>[1]) => {
    const answer = await callBack({ app }, query)
    return {
      status: answer.statusCode,
      location: answer.headers.location,
      headers: answer.headers,
      text: answer.body,
    }
  }
  /** Bridge's address for `path` fails until the returned function is called. */
  const breakBridge = () => {
    let broken = true
    bridge.use(http.all(`${bridgeUrl}/*`, () => (broken ? HttpResponse.error() : undefined)))
    return () => {
      broken = false
    }
  }
  /** What Bridge's next event of an item does, which nobody's visit caused. */
  const refreshed = async (itemId: number, status: number) => {
    const at = clock.now()
    world.items.get(itemId)!.status = status
    const none = { statusCodeInfo: null, authenticationExpiresAt: null, accountTypes: null }
    const change = { kind: 'item', userId: ada!.user.id, itemId, at, status, ...none } as const
    await app.store.applyEvent({ ...change, refreshed: status === 0 })
    const event = { itemId, trigger: 'scheduler', full: false, occurredAt: at, receivedAt: at }
    await matchRefreshed(app.settleDeps, event, at)
  }
  /** What the site was told of each request, in order. */
  const told = async () => {
    const page = { after: null, limit: 100 }
    const rows = await app.store.listForExport(acme.tenant.id, 'events', page)
    return rows
      .map(({ row }) => app.keyring.open(row['body'] as Buffer, eventRow(String(row['id']))))
      .map((body) => (JSON.parse(body.toString()) as { content: Record<string, unknown> }).content)
      .map((content) => [content['request'], content['item_id']])
  }
  const does = { link, newItem, stateOf, back, breakBridge, refreshed, told }
  return { ...made, acme, userUuid, request, ...does }
}

const nobodys = { by: 'srv_other', at: 0, until: 1 }

/** So many further requests of the user, each with a claim of an item made now. */
async function claimed(
  { app, acme, newItem }: Awaited<ReturnType<typeof connecting>>,
  count: number,
) {
  const [ada] = await app.store.findUsers(acme.scope)
  const items = Array.from({ length: count }, () => newItem())
  for (const itemId of items) {
    const id = await aRequest(app, ada!.user)
    await app.store.changeRequest(id, { kind: 'claimed', itemId, step: null })
  }
  return items
}

const undecided = (request: string) => ({
  status: 302,
  location: `${site}/app/bank?request=${request}`,
})

test('the browser is sent back with the item, once Bridge confirmed it', async () => {
  const { request, newItem, back, stateOf, app, acme } = await connecting()
  const item_id = newItem()

  const answer = await back({ context: request, item_id, success: 'true' })

  expect(answer).toMatchObject({
    status: 302,
    location: `${site}/app/bank?request=${request}&success=true&item_id=${item_id}`,
  })
  expect(await stateOf()).toMatchObject({
    item_id,
    status: 'completed',
    success: true,
    bank: 'Ma Banque',
  })
  expect(await app.store.findItem(acme.scope, item_id)).toMatchObject({
    item: { bank: 'Ma Banque', providerName: 'Demo Bank', accountTypes: 'payment' },
  })
})

test('the redirect keeps the site’s own query and fragment', async () => {
  const { request, newItem, back } = await connecting({
    redirect: `${site}/app/bank?view=list&x=%20#tab/2`,
  })
  const item_id = newItem()

  const { location } = await back({ context: request, item_id })

  expect(location).toBe(
    `${site}/app/bank?view=list&x=%20&request=${request}&success=true&item_id=${item_id}#tab/2`,
  )
})

test('no answer to a browser is kept by anyone or tells where it came from', async () => {
  const { request, newItem, back } = await connecting()
  const answers = [
    await back({ context: request, item_id: newItem() }),
    await back({ context: 'nobody' }),
    await back({}),
  ]

  for (const { headers } of answers) {
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    expect(headers).not.toHaveProperty('set-cookie')
  }
})

test('a request already completed is answered from the store, without a call', async () => {
  const { request, newItem, back, bridge, stateOf } = await connecting()
  const item_id = newItem()
  const first = await back({ context: request, item_id })
  bridge.calls.length = 0

  const again = await back({ context: request, item_id })
  const forged = await back({
    context: request,
    item_id: newItem(),
    step: 'leave',
    success: 'false',
  })
  const bare = await back({ context: request })

  for (const { location } of [again, forged, bare]) expect(location).toBe(first.location)
  expect(bridge.calls).toEqual([])
  expect(await stateOf()).toMatchObject({ item_id, success: true })
})

test('an unknown request is a small page in the visitor’s language, never a redirect', async () => {
  const { app, bridge, newItem } = await connecting()
  bridge.calls.length = 0

  for (const context of ['', 'nobody', 'x'.repeat(500), '../../etc', '<script>alert(1)</script>']) {
    const answer = await callBack(
      { app },
      { context, item_id: newItem() },
      { 'accept-language': 'fr' },
    )

    expect(answer.statusCode).toBe(404)
    expect(answer.headers.location).toBeUndefined()
    expect(answer.headers['content-type']).toContain('text/html')
    expect(answer.body).toContain('<html lang="fr">')
    expect(answer.body).not.toContain('alert')
  }
  expect(bridge.calls).toEqual([])
})

test('a request older than a day is expired, even before the worker expired it', async () => {
  const { request, newItem, back, clock, app, bridge, stateOf } = await connecting()
  clock.advance(24 * hourMs)
  bridge.calls.length = 0

  expect(await stateOf()).toMatchObject({ status: 'expired' })
  const before = await back({ context: request, item_id: newItem() })
  await tickConnect(app)
  const after = await back({ context: request, item_id: newItem() })

  for (const answer of [before, after]) {
    expect(answer.status).toBe(410)
    expect(answer.location).toBeUndefined()
  }
  expect(bridge.calls).toEqual([])
  expect(await stateOf()).toMatchObject({ status: 'expired', item_id: null, success: false })
})

test('a request completed in time is answered for good', async () => {
  const { request, newItem, back, clock, app } = await connecting()
  const first = await back({ context: request, item_id: newItem() })
  clock.advance(48 * hourMs)
  await tickConnect(app)

  expect((await back({ context: request })).location).toBe(first.location)
})

test('an item of the same user that is older than the request is not believed', async () => {
  const { request, back, world, userUuid, stateOf, log } = await connecting()
  const old = world.addItem(userUuid, {
    created_at: '2025-03-01T00:00:00Z',
    last_try_refresh: '2025-03-10T04:00:00Z',
  })

  expect(await back({ context: request, item_id: old.id })).toMatchObject(undecided(request))
  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null, success: false })
  expect(log.join('')).toContain('callback refused')
})

test('an item that another request holds is not believed', async () => {
  const { request, link, newItem, back, stateOf } = await connecting()
  const second: string = (await link()).message.request
  const item_id = newItem()
  await back({ context: request, item_id })

  expect(await back({ context: second, item_id })).toMatchObject(undecided(second))
  expect(await stateOf(second)).toMatchObject({ status: 'pending', item_id: null })
  expect(await stateOf(request)).toMatchObject({ status: 'completed', item_id })
})

test('an item of another user is not believed, be it the same site’s or another tenant’s', async () => {
  const { app, world, request, newItem, back, stateOf, acme, ...made } = await connecting()
  const bob = await aConnectedBank({ app, world }, acme.site, { user: 'bob' })
  const globex = await aTenant(app, { name: 'globex', sites: ['erp.globex.test'] })
  const carol = await aConnectedBank({ app, world }, globex.site, { user: 'carol' })
  const fresh = newItem({}, carol.user.userUuid)

  for (const item_id of [bob.itemId, carol.itemId, fresh, 999]) {
    expect(await back({ context: request, item_id })).toMatchObject(undecided(request))
  }
  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  expect(await app.store.findItem(globex.scope, carol.itemId)).toMatchObject({
    user: { name: 'carol' },
  })
  expect(made.log.join('')).not.toContain('carol')
})

test.each([
  ['a word', 'abc'],
  ['negative', '-1'],
  ['huge', '9'.repeat(40)],
  ['a fraction', '1.5'],
])('an item id that is %s counts as none: the user left', async (_what, item_id) => {
  const { request, back, stateOf, bridge } = await connecting()
  bridge.calls.length = 0

  const { location } = await back({ context: request, item_id })

  expect(location).toBe(`${site}/app/bank?request=${request}&success=false`)
  expect(await stateOf()).toMatchObject({ status: 'failed', item_id: null })
  expect(bridge.calls).toEqual([])
})

test('a user who leaves without an item fails the request, which may still complete later', async () => {
  const { request, newItem, back, stateOf } = await connecting()

  const left = await back({ context: request, success: 'false', step: 'select_bank' })
  expect(left.location).toBe(`${site}/app/bank?request=${request}&success=false&step=select_bank`)
  expect(await stateOf()).toMatchObject({ status: 'failed', step: 'select_bank', success: false })

  const item_id = newItem()
  await back({ context: request, item_id })
  expect(await stateOf()).toMatchObject({ status: 'completed', item_id, step: null, success: true })
})

test('a step that is none of Bridge’s words is not repeated', async () => {
  const { request, back } = await connecting()

  const { location } = await back({ context: request, step: '<b>x</b>&success=true' })

  expect(location).toBe(`${site}/app/bank?request=${request}&success=false`)
})

test.each([402, 429, 1005, 1010, 1100])(
  'status %i is no success, whatever the browser says; the step tells where',
  async (status) => {
    const { request, newItem, back, stateOf } = await connecting()
    const item_id = newItem({ status })

    const { location } = await back({
      context: request,
      item_id,
      success: 'true',
      step: 'sync_failed',
    })

    expect(location).toBe(`${site}/app/bank?request=${request}&success=false&step=sync_failed`)
    expect(await stateOf()).toMatchObject({ status: 'failed', success: false, step: 'sync_failed' })
  },
)

test('a failed item that recovers completes its request', async () => {
  const { request, newItem, back, world, stateOf } = await connecting()
  const item_id = newItem({ status: 402 })
  await back({ context: request, item_id, step: 'sync_failed' })
  world.items.get(item_id)!.status = 0

  await back({ context: request, item_id })

  expect(await stateOf()).toMatchObject({ status: 'completed', item_id, step: null })
})

test('a failed request whose item is paused for days still completes, with its step until then', async () => {
  const { app, clock, request, newItem, back, refreshed, stateOf, told } = await connecting()
  const item_id = newItem({ status: 402 })
  await back({ context: request, item_id, step: 'sync_error' })
  clock.advance(25 * hourMs)
  await refreshed(item_id, 1007)
  await tickConnect(app)

  expect(await stateOf()).toMatchObject({ status: 'failed', item_id, step: 'sync_error' })
  clock.advance(13 * hourMs)
  await refreshed(item_id, 0)
  expect(await stateOf()).toMatchObject({ status: 'completed', item_id, step: null })
  expect(await told()).toEqual([[request, item_id]])
})

test('what the browser was told of a failure stays so when an earlier event comes after it', async () => {
  const { request, newItem, back, refreshed, stateOf } = await connecting()
  const item_id = newItem({ status: 1010 })
  const { location } = await back({ context: request, item_id, step: 'sync_error' })
  await refreshed(item_id, -2)
  await refreshed(item_id, 1010)

  expect(location).toContain('success=false&step=sync_error')
  expect(await stateOf()).toMatchObject({ status: 'failed', item_id, step: 'sync_error' })
})

test('a request whose item takes longer than a day waits for it, and the site is told when it works', async () => {
  const { app, clock, request, newItem, back, refreshed, stateOf, told } = await connecting()
  const item_id = newItem({ status: 1007 })
  await back({ context: request, item_id })
  clock.advance(25 * hourMs)

  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  await tickConnect(app)
  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  expect(await back({ context: request, item_id })).toMatchObject({ status: 410 })
  await refreshed(item_id, 0)
  expect(await stateOf()).toMatchObject({ status: 'completed', item_id })
  expect(await told()).toEqual([[request, item_id]])
})

test('a visit to manage an item that is over says so with its item, before the worker noted it too', async () => {
  const { app, clock, world, link, request, newItem, back, stateOf } = await connecting()
  const item_id = newItem()
  await back({ context: request, item_id })
  clock.advance(hourMs)
  const managing: string = (await link({ item_id }, 'get_bridge_edit_link')).message.request
  Object.assign(world.items.get(item_id)!, {
    status: -3,
    last_try_refresh: bridgeTime(clock.now()),
  })
  await back({ context: managing, item_id })
  expect(await stateOf(managing)).toMatchObject({ status: 'pending', item_id: null })
  clock.advance(24 * hourMs)

  const before = await stateOf(managing)
  await tickConnect(app)

  expect(before).toMatchObject({ status: 'expired', item_id })
  expect(await stateOf(managing)).toEqual(before)
})

test.each([-2, -3, 1007, 1099])(
  'while the sync is under way (status %i) nothing is said yet',
  async (status) => {
    const { request, newItem, back, world, stateOf } = await connecting()
    const item_id = newItem({ status })

    expect(await back({ context: request, item_id })).toMatchObject(undecided(request))
    expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })

    world.items.get(item_id)!.status = 0
    await back({ context: request, item_id })
    expect(await stateOf()).toMatchObject({ status: 'completed', item_id })
  },
)

test('a status we never heard of is no success', async () => {
  const { request, newItem, back } = await connecting()

  const { location } = await back({ context: request, item_id: newItem({ status: 98_765 }) })

  expect(location).toContain('success=false')
})

test('two open requests of one user each get their own item', async () => {
  const { request, link, newItem, back, stateOf } = await connecting()
  const second: string = (await link({ bank: 'Autre' })).message.request
  const [itemOfSecond, itemOfFirst] = [newItem(), newItem()]

  await Promise.all([
    back({ context: second, item_id: itemOfSecond }),
    back({ context: request, item_id: itemOfFirst }),
  ])

  expect(await stateOf(request)).toMatchObject({ item_id: itemOfFirst, bank: 'Ma Banque' })
  expect(await stateOf(second)).toMatchObject({ item_id: itemOfSecond, bank: 'Autre' })
})

test('of two requests that claim one item at the same moment, one gets it', async () => {
  const { request, link, newItem, back, stateOf } = await connecting()
  const second: string = (await link()).message.request
  const item_id = newItem()

  await Promise.all([back({ context: request, item_id }), back({ context: second, item_id })])

  const states = [await stateOf(request), await stateOf(second)].map(({ status }) => status)
  expect(states.filter((status) => status === 'completed')).toHaveLength(1)
  expect(states.filter((status) => status === 'pending')).toHaveLength(1)
})

test.each(['get_bridge_edit_link', 'get_sca_authentication_link', 'get_pro_confirmation_link'])(
  'the callback of %s is for the item it manages, and no other',
  async (method) => {
    const { request, link, newItem, back, stateOf, clock, world } = await connecting()
    const item_id = newItem()
    await back({ context: request, item_id })
    const managing: string = (await link({ item_id }, method)).message.request
    const other = newItem()

    expect(await back({ context: managing, item_id: other })).toMatchObject(undecided(managing))
    expect(await stateOf(managing)).toMatchObject({ status: 'pending', item_id: null })

    clock.advance(60_000)
    world.items.get(item_id)!.last_try_refresh = bridgeTime(clock.now())
    await back({ context: managing, item_id })
    expect(await stateOf(managing)).toMatchObject({ status: 'completed', item_id })
  },
)

test('an item that was managed but not touched is a failure, with its step', async () => {
  const { request, link, newItem, back, stateOf, clock } = await connecting()
  const item_id = newItem()
  await back({ context: request, item_id })
  clock.advance(60_000)
  const managing: string = (await link({ item_id }, 'get_bridge_edit_link')).message.request

  const { location } = await back({ context: managing, item_id, step: 'leave' })

  expect(location).toBe(`${site}/app/bank?request=${managing}&success=false&step=leave`)
  expect(await stateOf(managing)).toMatchObject({ status: 'failed', success: false })
})

test('a managing link opened a second after a visit is not completed by that visit', async () => {
  const { request, link, newItem, back, stateOf, clock, world } = await connecting()
  const item_id = newItem()
  clock.advance(600)
  await back({ context: request, item_id })
  clock.advance(600)
  const managing: string = (await link({ item_id }, 'get_bridge_edit_link')).message.request

  const left = await back({ context: managing, item_id, step: 'leave' })
  const before = await stateOf(managing)
  clock.advance(10_000)
  world.items.get(item_id)!.last_try_refresh = bridgeTime(clock.now())
  await back({ context: managing, item_id })

  expect(left.location).toBe(`${site}/app/bank?request=${managing}&success=false&step=leave`)
  expect(before).toMatchObject({ status: 'failed', success: false })
  expect(await stateOf(managing)).toMatchObject({ status: 'completed', item_id })
})

test('a managing link is completed by its visit though Bridge’s clock is a little behind', async () => {
  const { request, link, newItem, back, stateOf, clock, world } = await connecting()
  const item_id = newItem()
  await back({ context: request, item_id })
  clock.advance(60_000)
  const managing: string = (await link({ item_id }, 'get_bridge_edit_link')).message.request
  world.items.get(item_id)!.last_try_refresh = bridgeTime(clock.now() - 1_500)

  await back({ context: managing, item_id })

  expect(await stateOf(managing)).toMatchObject({ status: 'completed', item_id })
})

/** Two open requests of one user, each taken by Bridge's events for the one whose item is the other's. */
async function mistaken() {
  const made = await connecting()
  const { app, world, clock, request: first } = made
  const second: string = (await made.link()).message.request
  const items = [made.newItem(), made.newItem()] as const
  const match = async (id: string, itemId: number) => {
    const owned = (await app.store.findRequestForCallback(id))!
    const facts = toFacts(world.items.get(itemId)!)
    const at = clock.now()
    await app.store.settleRequest(
      id,
      { state: 'completed', step: null, item: facts, at, matched: true },
      completedEvent(app.settleDeps, owned, facts, at),
    )
  }
  await match(first, items[1])
  return { ...made, first, second, items, match }
}

test('a request that loses a wrong guess gets the item that was the other’s guess, and is told once', async () => {
  const { app, first, second, items, match, back, stateOf, told } = await mistaken()
  await match(second, items[0])

  await back({ context: second, item_id: items[1] })
  const between = await stateOf(first)
  await tickConnect(app)
  await tickConnect(app)
  const guessed = await stateOf(first)
  await back({ context: first, item_id: items[0] })

  expect(between).toMatchObject({ status: 'pending', item_id: null, success: false })
  expect(guessed).toMatchObject({ status: 'completed', item_id: items[0] })
  expect(await stateOf(first)).toMatchObject({ status: 'completed', item_id: items[0] })
  expect(await stateOf(second)).toMatchObject({ status: 'completed', item_id: items[1] })
  expect(await told()).toEqual([
    [first, items[1]],
    [second, items[0]],
    [second, items[1]],
    [first, items[0]],
  ])
})

test('a request that loses a wrong guess and has nothing else waits for its callback, until its day is over', async () => {
  const { app, first, second, items, back, stateOf, clock, told } = await mistaken()

  await back({ context: second, item_id: items[1] })
  await tickConnect(app)
  const waiting = await stateOf(first)
  clock.advance(25 * hourMs)
  await tickConnect(app)

  expect(waiting).toMatchObject({ status: 'pending', item_id: null })
  expect(await stateOf(first)).toMatchObject({ status: 'expired', item_id: null, success: false })
  expect(await back({ context: first, item_id: items[1] })).toMatchObject({ status: 410 })
  expect(await told()).toEqual([
    [first, items[1]],
    [second, items[1]],
  ])
})

test('a request left with a guess fails when its user turns out to have left', async () => {
  const { app, first, second, items, match, back, stateOf } = await mistaken()
  await match(second, items[0])
  await back({ context: second, item_id: items[1] })

  await back({ context: first, step: 'select_bank' })
  await tickConnect(app)

  expect(await stateOf(first)).toMatchObject({ status: 'failed', item_id: null })
})

test('a guess that a callback corrects is nobody’s when several requests may have it', async () => {
  const { app, first, second, items, match, link, newItem, back, stateOf } = await mistaken()
  const third: string = (await link()).message.request
  const fourth: string = (await link()).message.request
  await match(second, items[0])

  await back({ context: second, item_id: newItem() })
  await tickConnect(app)

  expect(await stateOf(first)).toMatchObject({ status: 'completed', item_id: items[1] })
  for (const open of [third, fourth]) {
    expect(await stateOf(open)).toMatchObject({ status: 'pending', item_id: null })
  }
})

test('a request sends us to Bridge ten times before it is verified, and no more', async () => {
  const { request, newItem, back, stateOf, bridge } = await connecting()
  const reads = () =>
    bridge.calls.filter(({ path }) => path.startsWith('/v3/aggregation/items/')).length

  for (let visit = 0; visit < 15; visit += 1) {
    expect(await back({ context: request, item_id: 999 })).toMatchObject(undecided(request))
  }
  expect(reads()).toBe(10)

  await back({ context: request, item_id: newItem() })
  expect(reads()).toBe(10)
  expect(await stateOf()).toMatchObject({ status: 'pending' })
})

test('one address may come back sixty times a minute; others are not slowed', async () => {
  const { app } = await connecting({ env: { TRUSTED_PROXIES: '127.0.0.1' } })
  const from = (ip: string) => callBack({ app }, { context: 'nobody' }, { 'x-forwarded-for': ip })
  for (let visit = 0; visit < 60; visit += 1)
    expect((await from('203.0.113.7')).statusCode).toBe(404)

  const refused = await from('203.0.113.7')

  expect(refused.statusCode).toBe(429)
  expect(refused.json()).toMatchObject({ exc_type: 'TooManyRequestsError' })
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect((await from('203.0.113.8')).statusCode).toBe(404)
})

test('while Bridge is away the browser goes home undecided, and the worker verifies later', async () => {
  const { app, request, newItem, back, stateOf, breakBridge } = await connecting()
  const item_id = newItem()
  const repair = breakBridge()

  expect(await back({ context: request, item_id, success: 'true' })).toMatchObject(
    undecided(request),
  )
  await tickConnect(app)
  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })

  repair()
  await tickConnect(app)
  expect(await stateOf()).toMatchObject({ status: 'completed', item_id, success: true })
})

test('a stop ends the round of the worker after the claim in hand', async () => {
  const made = await connecting()
  const { app, request, newItem, back, stateOf, breakBridge, bridge } = made
  made.clock.advance(1_000)
  const other: string = (await made.link()).message.request
  const repair = breakBridge()
  await back({ context: request, item_id: newItem() })
  await back({ context: other, item_id: newItem() })
  repair()
  const stopping = new AbortController()
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/:id`, () => {
      stopping.abort()
      return undefined
    }),
  )

  await createCallbackVerifier(app.settleDeps, app.memberId)(stopping.signal)
  expect(await stateOf()).toMatchObject({ status: 'completed' })
  expect(await stateOf(other)).toMatchObject({ status: 'pending' })

  await tickConnect(app)
  expect(await stateOf(other)).toMatchObject({ status: 'completed' })
})

test('a claim that another server took while Bridge was asked is left to it', async () => {
  const { app, request, newItem, back, stateOf, breakBridge, bridge, log } = await connecting()
  const item_id = newItem()
  const repair = breakBridge()
  await back({ context: request, item_id })
  repair()
  const other = { id: 'srv_other', host: 'there', pid: 7 }
  let comes = true
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/:id`, async () => {
      if (comes) await app.store.joinMembers(other, { at: app.clock.now(), silentSince: 0 })
      comes = false
      return undefined
    }),
  )

  await tickConnect(app)

  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  expect(log.filter((line) => line.includes('verified too late'))).toHaveLength(1)
  await app.store.removeMember(other.id)
  await tickConnect(app)
  expect(await stateOf()).toMatchObject({ status: 'completed', item_id })
})

test('what was claimed while Bridge was away is verified as any other claim', async () => {
  const { app, request, back, stateOf, breakBridge, bridge } = await connecting()
  const repair = breakBridge()
  await back({ context: request, item_id: 999 })
  repair()

  await tickConnect(app)
  bridge.calls.length = 0
  await tickConnect(app)

  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  expect(bridge.calls).toEqual([])
})

test('a claim that Bridge refuses for its user alone holds up nobody else’s', async () => {
  const made = await connecting()
  const { app, acme, request, newItem, back, stateOf, breakBridge, bridge, userUuid } = made
  made.clock.advance(1_000)
  const other: string = (await made.link({ user: 'bob@acme.test' })).message.request
  const [bob] = await app.store.findUsers(acme.scope, 'bob@acme.test')
  const item_id = newItem({}, bob!.user.userUuid!)
  const repair = breakBridge()
  await back({ context: request, item_id: newItem() })
  await back({ context: other, item_id })
  repair()
  made.world.expireTokens()
  bridge.use(
    http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, async ({ request: call }) =>
      JSON.stringify(await call.clone().json()).includes(userUuid)
        ? HttpResponse.json({ errors: [{ code: 'bad_request' }] }, { status: 400 })
        : undefined,
    ),
  )

  await tickConnect(app)

  expect(await stateOf(other)).toMatchObject({ status: 'completed', item_id })
  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
})

test('a claim of a user whom Bridge has forgotten is asked of it once, though it says 401', async () => {
  const made = await connecting()
  const { app, world, request, newItem, back, stateOf, breakBridge, bridge, userUuid } = made
  const repair = breakBridge()
  await back({ context: request, item_id: newItem() })
  repair()
  world.users.delete(userUuid)
  world.expireTokens()
  bridge.use(
    http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, () =>
      HttpResponse.json({ errors: [{ code: 'unauthorized' }] }, { status: 401 }),
    ),
  )
  await tickConnect(app)
  bridge.calls.length = 0

  await tickConnect(app)

  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  expect(bridge.calls).toEqual([])
})

test('an item that is deleted while it is looked at stays deleted, and completes nothing', async () => {
  const { app, acme, clock, request, newItem, back, bridge, stateOf } = await connecting()
  const [ada] = await app.store.findUsers(acme.scope)
  clock.advance(60_000)
  const itemId = newItem()
  await app.store.keepItems(ada!.user.id, [itemFacts({ id: itemId })], {
    at: clock.now(),
    complete: false,
  })
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/:id`, async () => {
      clock.advance(3_000)
      const gone = { kind: 'item-gone', userId: ada!.user.id, itemId, at: clock.now() } as const
      await app.store.applyEvent(gone)
      clock.advance(3_000)
    }),
  )

  const sentTo = await back({ context: request, item_id: itemId })

  expect(await app.store.findItem(acme.scope, itemId)).toBeUndefined()
  expect(sentTo).toMatchObject(undecided(request))
  expect(await stateOf()).toMatchObject({ status: 'pending', success: false, item_id: null })
})

test('claims of a user whose quota is spent hold up nobody else’s, however many they are', async () => {
  const made = await connecting()
  const { app, acme, clock, newItem, stateOf, bridge } = made
  const verifyCallbacks = createCallbackVerifier(app.settleDeps, app.memberId)
  const items = await claimed(made, 20)
  const spent = new Set(items.map(String))
  clock.advance(1_000)
  const other: string = (await made.link({ user: 'bob@acme.test' })).message.request
  const [bob] = await app.store.findUsers(acme.scope, 'bob@acme.test')
  const item_id = newItem({}, bob!.user.userUuid!)
  await app.store.changeRequest(other, { kind: 'claimed', itemId: item_id, step: null })
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/:id`, ({ params }) =>
      spent.has(String(params['id']))
        ? HttpResponse.json({ errors: [{ code: 'too_many_requests' }] }, { status: 429 })
        : undefined,
    ),
  )

  await verifyCallbacks()
  await verifyCallbacks()

  expect(await stateOf(other)).toMatchObject({ status: 'completed', item_id })
  spent.clear()
  clock.advance(60_000)
  await verifyCallbacks()
  expect(await app.store.claimCallbacks({ ...nobodys, limit: 1 })).toEqual([])
})

test('while Bridge is away a round asks it for one claim, and each time for the next one', async () => {
  const made = await connecting()
  const { app, bridge, breakBridge } = made
  const verifyCallbacks = createCallbackVerifier(app.settleDeps, app.memberId)
  const items = await claimed(made, 3)
  const repair = breakBridge()
  const askedFor = async () => {
    bridge.calls.length = 0
    await verifyCallbacks()
    return [...new Set(bridge.calls.map(({ path }) => path.split('/').at(-1)))]
  }

  const asked = [await askedFor(), await askedFor(), await askedFor(), await askedFor()]
  repair()
  await verifyCallbacks()
  await verifyCallbacks()

  expect(asked).toEqual([...items, items[0]].map((id) => [String(id)]))
  expect(await app.store.claimCallbacks({ ...nobodys, limit: 1 })).toEqual([])
})

test('a claim that stays has its turn again, though each round finds newer ones', async () => {
  const made = await connecting()
  const { app, bridge, clock } = made
  const verifyCallbacks = createCallbackVerifier(app.settleDeps, app.memberId)
  const [item_id] = await claimed(made, 1)
  let spent = true
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/${item_id}`, () =>
      spent
        ? HttpResponse.json({ errors: [{ code: 'too_many_requests' }] }, { status: 429 })
        : undefined,
    ),
  )
  await verifyCallbacks()
  spent = false

  for (let round = 0; round < 3; round += 1) {
    clock.advance(15_000)
    await claimed(made, 1)
    await verifyCallbacks()
  }

  expect(await app.store.claimCallbacks({ ...nobodys, limit: 1 })).toEqual([])
})

test('a claim made in time is verified also when Bridge comes back after the link’s day', async () => {
  const { app, request, newItem, back, stateOf, breakBridge, clock } = await connecting()
  const repair = breakBridge()
  const item_id = newItem()
  await back({ context: request, item_id })
  clock.advance(25 * hourMs)
  await tickConnect(app)
  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  repair()
  clock.advance(hourMs)

  await tickConnect(app)

  expect(await stateOf()).toMatchObject({ status: 'completed', item_id })
})

test('a claim that was not verified for a day after the link’s is dropped without a call', async () => {
  const { app, request, newItem, back, stateOf, breakBridge, clock, bridge } = await connecting()
  const repair = breakBridge()
  await back({ context: request, item_id: newItem() })
  repair()
  clock.advance(48 * hourMs)
  bridge.calls.length = 0
  expect(await stateOf()).toMatchObject({ status: 'expired', item_id: null })

  await tickConnect(app)

  expect(await stateOf()).toMatchObject({ status: 'expired', item_id: null })
  expect(bridge.calls).toEqual([])
})

test('a Bridge user whom Bridge no longer knows confirms nothing', async () => {
  const { request, newItem, back, stateOf, world, bridge } = await connecting()
  const item_id = newItem()
  world.users.clear()
  world.expireTokens()

  expect(await back({ context: request, item_id })).toMatchObject(undecided(request))
  expect(await stateOf()).toMatchObject({ status: 'pending', item_id: null })
  expect(bridge.unhandled).toEqual([])
})

test('a callback for a user without a Bridge user changes nothing', async () => {
  const { app, back, stateOf, acme } = await connecting()
  const user = await app.store.ensureUser({
    id: 'usr_lost',
    siteId: acme.site.id,
    name: 'bob',
    at: 0,
  })
  const request = await aRequest(app, user)

  expect(await back({ context: request, item_id: 5 })).toMatchObject({ status: 302 })
  expect(await stateOf(request)).toMatchObject({ status: 'pending' })
})

test('without the provider’s name the connection still stands', async () => {
  const { request, newItem, back, stateOf, bridge } = await connecting()
  bridge.use(
    http.get(`${bridgeUrl}/v3/providers/:id`, () => HttpResponse.json({}, { status: 404 })),
  )

  await back({ context: request, item_id: newItem() })

  expect(await stateOf()).toMatchObject({ status: 'completed' })
})

test('nothing the browser said, and no address of the site’s, is logged', async () => {
  const { request, newItem, back, log } = await connecting({
    redirect: `${site}/app?secret=s3cr3t`,
  })
  log.length = 0

  await back({ context: request, item_id: newItem(), step: 'some_step_word' })

  expect(log.join('')).toContain('/bridge/callback')
  for (const word of ['s3cr3t', 'context=', 'some_step_word', 'token-00', 'erp.acme.test/app']) {
    expect(log.join('')).not.toContain(word)
  }
})
