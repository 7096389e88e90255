import { expect, test } from 'vitest'
import { gatherStory } from '../../../src/explain/story.ts'
import { stepsOf } from '../../../src/explain/timeline.ts'
import { aConnectedBank, callBack, callMethod, testApp, type TestApp } from '../../support/app.ts'
import { aTenant, type TestKey } from '../../support/tenants.ts'

const order = {
  redirect_url: 'https://erp.acme.test/app/bank?private=1',
  user: 'jean.dupont@acme.test',
  bank: 'Demo Bank',
}

async function told({ app }: TestApp, word: unknown) {
  await app.callLog.flush()
  const [subject] = await app.store.findSubjects(String(word), 2)
  if (!subject) return undefined
  const story = await gatherStory(app.store, subject)
  return { story, steps: stepsOf(story) }
}

async function aCompletedRequest(setup: TestApp, siteKey: TestKey) {
  const { message: link, headers } = await callMethod(setup.app, 'get_bridge_connect_link', order, {
    as: siteKey,
  })
  const user = [...setup.world.users.keys()].at(-1) as string
  setup.clock.advance(60_000)
  const item = setup.world.addItem(user, { created_at: new Date(setup.clock.now()).toISOString() })
  await callBack(setup, { context: link.request, item_id: item.id, success: 'true' })
  return { request: link.request as string, itemId: item.id, callId: headers['x-request-id'] }
}

test('every answer carries a request id, refusals and unknown paths too, and no two the same', async () => {
  const { app } = await testApp()
  const { siteKey } = await aTenant(app)
  const { authorization } = siteKey

  const answers = await Promise.all([
    app.inject({ url: '/api/method/frappe.auth.get_logged_user', headers: { authorization } }),
    app.inject('/api/method/frappe.auth.get_logged_user'),
    app.inject({ url: '/api/method/ping', headers: { authorization: 'token a:b' } }),
    app.inject('/nowhere'),
    app.inject('/api/method/%E0%A4%A'),
    app.inject({ method: 'POST', url: '/webhooks/bridge', payload: '{}' }),
  ])
  const ids = answers.map(({ headers }) => headers['x-request-id'])

  expect(new Set(ids).size).toBe(answers.length)
  for (const id of ids) expect(id).toMatch(/^req_/)
})

test('a site’s story has what was done to it, and not to another tenant’s site of its name', async () => {
  const { app } = await testApp()
  const { siteKey, site } = await aTenant(app)
  const other = await aTenant(app, { name: 'other' })
  await callMethod(app, 'get_bridge_connect_link', order, { as: siteKey })
  const webhookUrl = 'https://erp.acme.test/hook'
  await app.store.updateSite(site.id, { webhookUrl }, { actor: 'operator', at: app.clock.now() })
  const theirs = { actor: 'stranger', at: app.clock.now() }
  await app.store.updateSite(other.site.id, { timeZone: 'Europe/Rome' }, theirs)

  const story = await gatherStory(app.store, { kind: 'site', id: site.id } as never)

  expect(story.audit.map(({ action }) => action)).toEqual([
    'site.created',
    'site.pinned',
    'site.updated',
  ])
  expect(story.audit.map(({ actor }) => actor)).not.toContain('stranger')
})

test('every log line of a call carries the id of its answer, that of its Bridge calls too', async () => {
  const setup = await testApp()
  const { siteKey, site } = await aTenant(setup.app)
  const { itemId } = await aConnectedBank(setup, site)
  setup.log.length = 0

  const answer = await callMethod(
    setup.app,
    'get_bank_accounts',
    { item_id: itemId },
    { as: siteKey },
  )

  const lines = setup.log.map((line) => JSON.parse(line) as Record<string, unknown>)
  const ofBridge = lines.filter(({ msg }) => msg === 'bridge called')
  expect(ofBridge.length).toBeGreaterThan(0)
  for (const line of lines) expect(line['reqId']).toBe(answer.headers['x-request-id'])
})

test('two calls at the same moment keep their Bridge calls apart', async () => {
  const setup = await testApp()
  const { siteKey, site } = await aTenant(setup.app)
  const { itemId } = await aConnectedBank(setup, site)

  const [accounts, bank] = await Promise.all([
    callMethod(setup.app, 'get_bank_accounts', { item_id: itemId }, { as: siteKey }),
    callMethod(setup.app, 'get_single_bank', { bank_id: 574 }, { as: siteKey }),
  ])
  const stepsOf = async (answer: typeof bank) =>
    (await told(setup, answer.headers['x-request-id']))?.steps
      .flatMap(({ detail }) => detail)
      .join()

  expect(await stepsOf(accounts)).toContain('/v3/aggregation/accounts')
  expect(await stepsOf(accounts)).not.toContain('/v3/providers')
  expect(await stepsOf(bank)).toContain('/v3/providers/{id}')
  expect(await stepsOf(bank)).not.toContain('accounts')
})

test('a request is told from its link to its item, in order', async () => {
  const setup = await testApp()
  const { siteKey } = await aTenant(setup.app)
  const { request, itemId } = await aCompletedRequest(setup, siteKey)
  setup.clock.advance(60_000)
  await callMethod(setup.app, 'get_bridge_item_id', { request }, { as: siteKey })

  const timeline = await told(setup, request)

  expect(timeline?.story).toMatchObject({
    requests: [{ request: { id: request } }],
    items: [{ item: { id: itemId } }],
    user: { name: order.user },
  })
  const whats = timeline!.steps.map(({ text }) => text.en)
  const at = (text: string) => whats.findIndex((what) => what.includes(text))
  const inOrder = [
    at('call bank_api.bridge.get_bridge_connect_link: 200'),
    at(`request completed with item ${itemId}`),
    at('call bank_api.bridge.get_bridge_item_id: 200'),
  ]
  expect(inOrder.every((index) => index >= 0)).toBe(true)
  expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
  expect(at('call bridge/callback: 302')).toBeGreaterThan(-1)
  expect(at('event connect.completed')).toBeGreaterThan(-1)
  expect(timeline!.steps.map((step) => step.at)).toEqual(
    timeline!.steps.map((step) => step.at).toSorted(),
  )
})

test('an item, its event and its call are told by their own ids', async () => {
  const setup = await testApp()
  const { siteKey } = await aTenant(setup.app)
  const { request, itemId, callId } = await aCompletedRequest(setup, siteKey)

  const item = await told(setup, itemId)
  const call = await told(setup, callId)
  const eventId = item?.steps
    .flatMap(({ detail }) => detail)
    .find((line) => line.startsWith('evt_'))
  const event = await told(setup, eventId)

  expect(item?.story.requests).toMatchObject([{ request: { id: request } }])
  expect(call?.steps.map(({ text }) => text.en)).toContain(
    'call bank_api.bridge.get_bridge_connect_link: 200',
  )
  expect(event?.steps.map(({ text }) => text.en)).toContain('event connect.completed')
})

test('no link, no address and no bank data is told', async () => {
  const setup = await testApp()
  const { siteKey } = await aTenant(setup.app)
  const { request, itemId } = await aCompletedRequest(setup, siteKey)
  setup.world.addAccount(itemId, { iban: 'FR7630006000011234567890189', name: 'Secret account' })
  await callMethod(setup.app, 'get_bank_accounts', { item_id: itemId }, { as: siteKey })

  const text = JSON.stringify([
    (await told(setup, request))?.steps,
    (await told(setup, itemId))?.steps,
  ])

  expect(text).not.toMatch(/https?:|private=1|FR76|Secret account|session\//)
})

test('what nobody knows is not told, and a stranger leaves no call behind', async () => {
  const setup = await testApp()

  const answer = await setup.app.inject({
    url: '/api/method/bank_api.bridge.get_bank_accounts?item_id=4568477',
    headers: { authorization: 'token a:b' },
  })

  expect(await told(setup, answer.headers['x-request-id'])).toBeUndefined()
  expect(await told(setup, 4568477)).toBeUndefined()
  expect(await told(setup, 'a'.repeat(26))).toBeUndefined()
})

test('a call that failed is kept with its refusal', async () => {
  const setup = await testApp()
  const { siteKey } = await aTenant(setup.app)

  const answer = await callMethod(setup.app, 'get_bank_accounts', { item_id: 77 }, { as: siteKey })

  const timeline = await told(setup, answer.headers['x-request-id'])
  expect(timeline?.steps[0]?.text.en).toBe(
    'call bank_api.bridge.get_bank_accounts: 404 item_not_found',
  )
})

test('calls past their time are forgotten, younger ones stay', async () => {
  const setup = await testApp()
  const { siteKey } = await aTenant(setup.app)
  const ask = () => callMethod(setup.app, 'frappe.auth.get_logged_user', {}, { as: siteKey })
  const old = await ask()
  setup.clock.advance(1_000)
  const young = await ask()
  await setup.app.callLog.flush()

  const gone = await setup.app.store.purge('calls', setup.clock.now(), { limit: 10 })

  expect(gone.count).toBe(1)
  expect(await told(setup, old.headers['x-request-id'])).toBeUndefined()
  expect(await told(setup, young.headers['x-request-id'])).toBeDefined()
})
