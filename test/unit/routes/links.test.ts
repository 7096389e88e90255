import { expect, test } from 'vitest'
import { exportTenant } from '../../../src/export/tenant-export.ts'
import { aConnectedBank, callBack, callMethod, bridgeTime, testApp } from '../../support/app.ts'
import { aTenant, aUser, itemFacts, type TestKey } from '../../support/tenants.ts'

const origin = 'https://erp.acme.test'

async function linking(env: Record<string, string> = {}) {
  const made = await testApp({ env })
  const acme = await aTenant(made.app)
  const ask = (method: string, params: object = {}, as: TestKey = acme.siteKey) =>
    callMethod(made.app, method, { redirect_url: `${origin}/app/bank`, ...params }, { as })
  const connect = (params: object = {}, as?: TestKey) =>
    ask('get_bridge_connect_link', { user: 'ada@acme.test', ...params }, as)
  /** What Bridge was asked for last. */
  const session = () => made.world.sessions.at(-1)
  return { ...made, acme, ask, connect, session }
}

test('a link is Bridge’s address under both its names, and a request', async () => {
  const { connect, session, acme, app } = await linking()

  const { status, message } = await connect({ bank: 'Demo Bank' })

  expect(status).toBe(200)
  expect(message).toEqual({
    redirect_url: session()?.url,
    url: session()?.url,
    request: expect.stringMatching(/^[a-z0-9]{26}$/),
  })
  expect(await app.store.findRequest(acme.scope, message.request)).toMatchObject({
    request: { state: 'pending', bank: 'Demo Bank', redirectUrl: `${origin}/app/bank` },
    user: { name: 'ada@acme.test' },
  })
})

test('Bridge is told our callback and the request, never the site’s address', async () => {
  const { connect, session } = await linking()

  const { message } = await connect()

  expect(session()).toMatchObject({
    callback_url: 'https://bank.test/bridge/callback',
    context: message.request,
    user_email: 'ada@acme.test',
    country_code: 'FR',
    account_types: 'all',
  })
  expect(JSON.stringify(session())).not.toContain('erp.acme.test')
})

test('our own address never comes from a Host header', async () => {
  const { app, acme, session } = await linking()

  await callMethod(
    app,
    'get_bridge_connect_link',
    { redirect_url: `${origin}/app`, email: 'ada@acme.test' },
    { as: acme.siteKey, headers: { host: 'evil.test', 'x-forwarded-host': 'evil.test' } },
  )

  expect(session()).toMatchObject({ callback_url: 'https://bank.test/bridge/callback' })
})

test('a request is good for 24 hours', async () => {
  const { app, acme, clock, connect } = await linking()

  const { message } = await connect()

  const owned = await app.store.findRequest(acme.scope, message.request)
  expect(owned?.request.expiresAt).toBe(clock.now() + 24 * 60 * 60_000)
})

test.each([
  { given: { email: 'a@b.fr', user: 'c@d.fr' }, asked: 'a@b.fr' },
  { given: { user: 'c@d.fr' }, asked: 'c@d.fr' },
  { given: { user: 'Ada' }, asked: 'default@bank.test' },
  { given: { user: '@Ada' }, asked: 'default@bank.test' },
  { given: { user: null }, asked: 'default@bank.test' },
])('the e-mail address for $given is $asked', async ({ given, asked }) => {
  const { connect, session } = await linking({ DEFAULT_USER_EMAIL: 'default@bank.test' })

  await connect(given)

  expect(session()).toMatchObject({ user_email: asked })
})

test('without any e-mail address a new item is refused before anything is stored', async () => {
  const { app, acme, connect, bridge } = await linking()

  const answer = await connect({ user: 'Ada' })

  expect(answer).toMatchObject({ status: 417, body: { exc_type: 'ValidationError' } })
  expect(answer.body.exception).toContain("'email'")
  expect(await app.store.findUsers(acme.scope)).toEqual([])
  expect(bridge.calls).toEqual([])
})

test('the address of an earlier call serves the next ones of that user, and is forgotten with the user', async () => {
  const { acme, ask, connect, session, world, app } = await linking({ DELETE_BRIDGE_USERS: 'true' })
  await connect({ user: '42', email: 'ann@acme.test' })

  const again = await connect({ user: '42' })
  const asked = session()
  const other = await connect({ user: '43' })

  expect(again.status).toBe(200)
  expect(asked).toMatchObject({ user_email: 'ann@acme.test' })
  expect(other.status).toBe(417)

  const [known] = await app.store.findUsers(acme.scope, '42')
  const { id } = world.addItem(known!.user.userUuid!, {})
  await app.store.keepItems(known!.user.id, [itemFacts({ id })], { at: 1, complete: false })
  expect((await ask('delete_bridge_item_id', { item_id: id })).status).toBe(200)
  expect((await app.store.readUser(known!.user.id))?.email).toBeNull()
  expect((await connect({ user: '42' })).status).toBe(417)
})

test('the default user’s address serves the first name that takes it over, and nobody else', async () => {
  const { acme, app, connect, session } = await linking()
  await connect({ user: null, email: 'ann@acme.test' })

  const first = await connect({ user: 'jean' })
  const second = await connect({ user: 'paul' })

  expect([first.status, second.status]).toEqual([200, 417])
  expect(session()).toMatchObject({ user_email: 'ann@acme.test' })
  expect(await app.store.findUsers(acme.scope)).toMatchObject([{ user: { name: 'jean' } }])
})

test('an address is stored sealed, and only one that the user’s name does not say', async () => {
  const { acme, connect, app, session } = await linking()
  const emailOf = async (user: string) => {
    const [found] = await app.store.findUsers(acme.scope, user)
    return (await app.store.readUser(found!.user.id))?.email
  }

  await connect({ user: '42', email: 'ann@acme.test' })
  await connect({ user: 'bob@acme.test', email: 'robert@acme.test' })
  await connect({ user: '42', email: 'ann@new.test' })
  await connect({ user: '42' })

  expect((await emailOf('42'))?.toString('latin1')).not.toContain('acme')
  expect(await emailOf('bob@acme.test')).toBeNull()
  expect(session()).toMatchObject({ user_email: 'ann@new.test' })
  let exported = ''
  for await (const piece of exportTenant(app, acme.tenant, app.clock.now())) exported += piece
  expect(JSON.parse(exported)).toMatchObject({
    users: [
      { name: '42', email: 'ann@new.test' },
      { name: 'bob@acme.test', email: null },
    ],
  })
})

test.each([
  ['without DEFAULT_USER_EMAIL', {}, 1],
  ['with it', { DEFAULT_USER_EMAIL: 'bank@acme.test' }, 0],
])('a start %s says whether links may lack an address', async (_, env, count) => {
  const { app, log } = await testApp({ env, workers: true, begins: false })
  await aTenant(app)

  await app.ready()

  expect(log.filter((line) => line.includes('DEFAULT_USER_EMAIL is not set'))).toHaveLength(count)
})

test('a call that names no user, or Bridge’s uuid, has the address that the user is called by', async () => {
  const { acme, ask, session, ...made } = await linking()
  const { user: ada } = await aConnectedBank(made, acme.site, { user: 'ada@acme.test' })

  for (const [method, params] of [
    ['get_pro_confirmation_link', {}],
    ['get_bridge_connect_link', {}],
    ['get_bridge_connect_link', { user: ada.userUuid }],
  ] as const) {
    expect((await ask(method, params)).status).toBe(200)
    expect(session()).toMatchObject({ user_email: 'ada@acme.test' })
  }
})

test.each([
  ['get_bridge_connect_link', 'en', "'user' that is an address"],
  ['get_bridge_connect_link', 'fr', "'user' qui soit une adresse"],
  ['get_pro_confirmation_link', 'en', "give 'email', or ask"],
  ['get_pro_confirmation_link', 'fr', "donnez 'email', ou demandez"],
])('without an address %s advises what it takes, in %s', async (method, lang, words) => {
  const { ask } = await linking()

  const { status, body } = await ask(method, { user: '42', lang })

  expect(status).toBe(417)
  expect(body.exception).toContain(words)
  expect(body.exception).toContain('DEFAULT_USER_EMAIL')
  if (method === 'get_pro_confirmation_link') expect(body.exception).not.toContain("'user'")
})

test.each([
  { given: { country: 'es' }, asked: { country_code: 'ES' } },
  { given: { account_types: 'payment' }, asked: { account_types: 'payment' } },
])('$given reaches Bridge', async ({ given, asked }) => {
  const { connect, session } = await linking()

  await connect(given)

  expect(session()).toMatchObject(asked)
})

test.each([
  'get_bridge_edit_link',
  'get_sca_authentication_link',
  'get_pro_confirmation_link',
  'get_bridge_connect_link',
])(
  '%s manages the item named, with the item’s own account types and no e-mail address',
  async (method) => {
    const { acme, ask, session, ...made } = await linking()
    const { itemId: item_id } = await aConnectedBank(made, acme.site, {
      item: { account_types: 'payment' },
    })

    const { message } = await ask(method, { item_id: String(item_id) })

    expect(message).toMatchObject({ url: session()?.url })
    expect(session()).toMatchObject({ item_id, account_types: 'payment' })
    expect(session()).not.toHaveProperty('user_email')
    expect(session()).not.toHaveProperty('country_code')
    const forced = method === 'get_sca_authentication_link' ? true : undefined
    expect(session()?.['force_reauthentication']).toBe(forced)
  },
)

test('an item made with all accounts is managed with all', async () => {
  const { acme, ask, session, ...made } = await linking()
  const { itemId: item_id } = await aConnectedBank(made, acme.site, {
    item: { account_types: 'all' },
  })

  await ask('get_bridge_edit_link', { item_id })

  expect(session()).toMatchObject({ account_types: 'all' })
})

test('the pro link without an item connects one', async () => {
  const { ask, session } = await linking()

  const { status } = await ask('get_pro_confirmation_link', { email: 'ada@acme.test' })

  expect(status).toBe(200)
  expect(session()).toMatchObject({ user_email: 'ada@acme.test' })
  expect(session()).not.toHaveProperty('item_id')
})

test('the Bridge user is made once, and does not carry the site’s name for it', async () => {
  const { connect, world } = await linking()

  await connect()
  await connect({ bank: 'Another' })

  expect([...world.users.values()]).toEqual([
    expect.objectContaining({ external_user_id: expect.stringMatching(/^[0-9a-f]{64}$/) }),
  ])
})

test('a crash between making the Bridge user and storing its uuid heals itself', async () => {
  const { app, acme, world, connect } = await linking()
  await connect()
  const [made] = world.users.values()
  // What a crash would have left: a row that names itself at Bridge, without Bridge's answer.
  const users = await app.store.findUsers(acme.scope)
  const lost = await aUser(app, acme.site, { name: 'bob@acme.test', uuid: null })
  const name = app.keyring.hash('external-user-id', lost.id).toString('hex')
  const orphan = world.addUser({ external_user_id: name })

  const answer = await connect({ user: 'bob@acme.test' })

  expect(answer.status).toBe(200)
  expect(world.users.size).toBe(2)
  expect(users[0]?.user.userUuid).toBe(made?.uuid)
  const [bob] = await app.store.findUsers(acme.scope, 'bob@acme.test')
  expect(bob?.user.userUuid).toBe(orphan.uuid)
})

test('two first calls at the same moment make one Bridge user', async () => {
  const { world, connect } = await linking()

  const answers = await Promise.all([connect(), connect()])

  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(world.users.size).toBe(1)
})

/** A bank connected from link to callback: its item is new. */
async function connectBank(made: Awaited<ReturnType<typeof linking>>, params: object) {
  const { message } = await made.connect(params)
  const at = bridgeTime(made.clock.now())
  const owner = String(made.session()?.owner)
  const item = made.world.addItem(owner, { created_at: at, last_try_refresh: at })
  await callBack(made, { context: message.request, item_id: item.id })
  return item.id
}

test.each(['Ma Banque', '  ma BANQUE ', 'demo bank', 'DEMO BANK '])(
  'a second link for the same bank (%j) names the item there is',
  async (bank) => {
    const made = await linking()
    const itemId = await connectBank(made, { bank: 'Ma Banque' })

    const { message } = await made.connect({ bank })

    expect(message.existing_item_id).toBe(itemId)
  },
)

test('another bank, another user or a deleted item names none', async () => {
  const made = await linking()
  const itemId = await connectBank(made, { bank: 'Ma Banque' })

  expect((await made.connect({ bank: 'Autre' })).message).not.toHaveProperty('existing_item_id')
  expect((await made.connect({})).message).not.toHaveProperty('existing_item_id')
  const bobs = await made.connect({ bank: 'Ma Banque', user: 'bob@acme.test' })
  expect(bobs.message).not.toHaveProperty('existing_item_id')
  await callMethod(
    made.app,
    'delete_bridge_item_id',
    { item_id: itemId },
    { as: made.acme.siteKey },
  )
  expect((await made.connect({ bank: 'Ma Banque' })).message).not.toHaveProperty('existing_item_id')
})

test('a connection that this call itself finds gone is named by no link', async () => {
  const made = await linking()
  await connectBank(made, { bank: 'Ma Banque' })
  made.world.users.clear() // Bridge's own clean-up
  made.world.expireTokens()

  const { status, message } = await made.connect({ bank: 'Ma Banque' })

  expect(status).toBe(200)
  expect(message).not.toHaveProperty('existing_item_id')
})

test('no link, and no word of who asked for one, reaches the log', async () => {
  const { connect, session, log } = await linking()

  await connect({ bank: 'Secret Bank', webhook_url: `${origin}/hook?key=abc` })

  const lines = log.join('')
  expect(lines).toContain('get_bridge_connect_link')
  for (const word of [session()!.url, 'ada@acme.test', 'Secret Bank', `${origin}/`, 'key=abc']) {
    expect(lines).not.toContain(word)
  }
})
