import { expect, it } from 'vitest'
import { ConflictError } from '../../../src/db/store-errors.ts'
import { aConnectedBank, bridgeTime, callBack, callMethod, testApp } from '../../support/app.ts'
import { testNow } from '../../support/clock.ts'
import { aKey, aTenant, aUser } from '../../support/tenants.ts'

const origin = 'https://erp.acme.test'

/** A tenant with two sites of one owner; the first is pinned and listens to webhooks. */
async function twoSites() {
  const made = await testApp()
  const { app } = made
  const acme = await aTenant(app, { sites: ['erp.acme.test', 'shop.acme.test'] })
  const sister = await aKey(app, acme.tenant, acme.sites[1]!)
  const link = (as: { authorization: string }, args: object) =>
    callMethod(app, 'get_bridge_connect_link', { email: 'a@acme.test', ...args }, { as })
  await link(acme.siteKey, { redirect_url: `${origin}/app`, webhook_url: `${origin}/hook` })
  const first = async () => (await app.store.findSite(acme.scope, 'erp.acme.test'))!
  return { ...made, acme, sister, link, first }
}

it.each([
  [
    'naming it',
    { site: 'erp.acme.test', redirect_url: `${origin}/evil`, webhook_url: `${origin}/evil` },
    404,
  ],
  [
    'by its address',
    { base_url: origin, redirect_url: `${origin}/evil`, webhook_url: `${origin}/evil` },
    200,
  ],
  [
    'with a redirect elsewhere',
    { redirect_url: `${origin}/x`, webhook_url: 'https://evil.test/hook' },
    417,
  ],
])('a sister site cannot move a site’s webhooks or redirect, %s', async (_how, args, status) => {
  const { sister, link, first } = await twoSites()
  const before = await first()

  const answer = await link(sister, args)

  expect(answer.status).toBe(status)
  expect(await first()).toEqual(before)
})

it('a sister site that pinned the same address does not draw the tenant’s calls to itself', async () => {
  const { acme, app, sister, link } = await twoSites()
  await link(sister, { base_url: origin, redirect_url: `${origin}/x` })

  const guess = await link(acme.tenantKey, { base_url: origin, redirect_url: `${origin}/x` })
  const named = await link(acme.tenantKey, { site: 'erp.acme.test', redirect_url: `${origin}/x` })

  expect(guess.status).toBe(417)
  expect(guess.body.exception).toContain("'site'")
  expect(named.status).toBe(200)
  const scope = { tenantId: acme.tenant.id, siteId: acme.site.id }
  expect((await app.store.findRequest(scope, named.message.request))?.site.id).toBe(acme.site.id)
})

/** A link that a user went through to the end at Bridge, once. */
async function aFinishedVisit() {
  const town = await twoSites()
  const { acme, app, clock, link, world } = town
  const args = { redirect_url: `${origin}/app`, user: 'ann' }
  const { request } = (await link(acme.siteKey, args)).message as { request: string }
  const owner = (await app.store.findUsers(acme.scope, 'ann'))[0]!.user
  clock.advance(60_000)
  const item = world.addItem(owner.userUuid!, { created_at: bridgeTime(clock.now()) })
  const back = (item_id: number) => callBack(town, { context: request, item_id, success: 'true' })
  const announced = async () => {
    const lease = { at: clock.now(), by: 'srv_test', leaseUntil: clock.now() + 1_000, limit: 99 }
    return (await app.store.claimDeliveries(lease)).map(({ event }) => event.type)
  }
  return { ...town, request, owner, item, back, announced }
}

it('a callback replayed is answered as the first time, without a call or a second event', async () => {
  const { back, bridge, item, announced } = await aFinishedVisit()
  const first = await back(item.id)
  bridge.calls.length = 0

  const again = await back(item.id)

  expect(again.headers['location']).toBe(first.headers['location'])
  expect(bridge.calls).toEqual([])
  expect(await announced()).toEqual(['connect.completed'])
})

it('of twenty callbacks at the same moment one completes the request', async () => {
  const { back, item, announced } = await aFinishedVisit()

  const answers = await Promise.all(Array.from({ length: 20 }, () => back(item.id)))

  const finished = answers.filter(({ headers }) => String(headers['location']).includes('item_id='))
  expect(finished.length).toBeGreaterThan(0)
  expect(await announced()).toEqual(['connect.completed'])
})

it('a link used again does not give its request to the second bank', async () => {
  const { back, clock, item, owner, world, acme, app, request } = await aFinishedVisit()
  await back(item.id)
  const second = world.addItem(owner.userUuid!, { created_at: bridgeTime(clock.now()) })

  const answer = await back(second.id)

  expect(answer.headers['location']).toContain(`item_id=${item.id}`)
  const args = { request }
  const known = await callMethod(app, 'get_bridge_item_id', args, { as: acme.siteKey })
  expect(known.message).toMatchObject({ item_id: item.id, success: true })
})

it('a Bridge user that has an owner cannot become another’s, whoever says so', async () => {
  const { acme, app, ...made } = await twoSites()
  const bank = await aConnectedBank({ app, ...made }, acme.site, { user: 'ann' })
  const thief = await aUser(app, acme.sites[1]!, { name: 'eve', uuid: null })

  const claim = app.store.setUserUuid(thief.id, bank.user.userUuid)

  await expect(claim).rejects.toThrow(ConflictError)
  const owner = await app.store.findUserByUuid(bank.user.userUuid)
  expect(owner?.site.id).toBe(acme.site.id)
})

it('an item that has an owner is not taken over, though another user’s list at Bridge names it', async () => {
  const { acme, app, sister, world, ...made } = await twoSites()
  const bank = await aConnectedBank({ app, world }, acme.site, { user: 'ann' })
  const { uuid } = world.addUser()
  const eve = await aUser(app, acme.sites[1]!, { name: 'eve', uuid })
  world.items.set(bank.itemId, { ...world.items.get(bank.itemId)!, owner: uuid })

  const args = { item_id: bank.itemId, user: 'eve' }
  const answer = await callMethod(app, 'get_bank_accounts', args, { as: sister })

  expect(answer.status).toBe(404)
  expect(await app.store.listItems(eve.id)).toEqual([])
  expect(await app.store.listItems(bank.user.id)).toHaveLength(1)
  expect(made.clock.now()).toBe(testNow)
})
