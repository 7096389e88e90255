import type { FastifyInstance, InjectOptions } from 'fastify'
import { http, HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { builtInMethods } from '../../../src/frappe/built-in-methods.ts'
import { methods } from '../../../src/routes/index.ts'
import {
  aConnectedBank,
  bridgeTime,
  callBack,
  testApp,
  type ConnectedBank,
  type TestApp,
} from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { aKey, anAnnouncement, aRequest, aTenant, type TestTenant } from '../../support/tenants.ts'

/**
 * What the wire says, byte for byte, in files beside this one: a change of it is seen in review. `vitest -u` writes them
 * anew. Clock and ids stand still; what is random is written as `…`.
 */

interface World extends TestApp {
  acme: TestTenant
  alice: ConnectedBank
  request: string
}

async function aWorld(env: Record<string, string> = {}): Promise<World> {
  const made = await testApp({ env })
  const acme = await aTenant(made.app, { sites: ['erp.acme.test', 'shop.acme.test'] })
  const alice = await aConnectedBank(made, acme.site, { user: 'alice@acme.test' })
  await aConnectedBank(made, acme.sites[1]!, { user: 'bob@acme.test' })
  const request = await aRequest(made.app, alice.user, {
    bank: 'Demo Bank',
    origin: 'https://erp.acme.test',
  })
  return { ...made, acme, alice, request }
}

type Ask = InjectOptions & { url: string }

/** One exchange as text. */
async function exchange(app: FastifyInstance, ask: Ask): Promise<string> {
  const answer = await app.inject({ method: 'GET', ...ask })
  const headers = Object.entries(answer.headers)
    .filter(([name]) => name !== 'date')
    .map(([name, value]) => `${name}: ${String(value)}`)
  const payload = ask.payload === undefined ? [] : ['', beginningOf(JSON.stringify(ask.payload))]
  return [
    `> ${ask.method ?? 'GET'} ${ask.url}`,
    ...payload.map((line) => `> ${line}`.trimEnd()),
    `${answer.statusCode}`,
    ...headers.toSorted(),
    '',
    withoutChance(beginningOf(answer.body)),
    '',
  ].join('\n')
}

const beginningOf = (text: string): string =>
  text.length > 4_000 ? `${text.slice(0, 4_000)}…` : text

const withoutChance = (body: string): string =>
  body
    .replace(/whsec_[\w+/=]+/g, 'whsec_…')
    .replace(/("api_secret":)"[\w-]+"/, '$1"…"')
    .replace(/"cursor":"[^"]+"/, '"cursor":"…"')
    .replace(/(\/portal\/enter\/\w+\.)[\w-]{43}/, '$1…')

const rpc = (
  name: string,
  as: { authorization: string },
  params: object,
  more: Ask | object = {},
) =>
  ({
    method: 'POST',
    url: `/api/method/bank_api.bridge.${name}`,
    headers: { authorization: as.authorization },
    payload: params,
    ...more,
  }) satisfies Ask

const link = { redirect_url: '/app/bank', base_url: 'https://erp.acme.test', bank: 'Demo Bank' }

/** Arguments with which each method succeeds. */
const fitting: Record<string, (world: World) => object> = {
  get_bridge_connect_link: () => ({ ...link, user: 'alice@acme.test' }),
  get_bridge_edit_link: ({ alice }) => ({ ...link, item_id: alice.itemId }),
  get_sca_authentication_link: ({ alice }) => ({ ...link, item_id: alice.itemId }),
  get_pro_confirmation_link: ({ alice }) => ({ ...link, item_id: alice.itemId }),
  get_bridge_item_id: ({ request }) => ({ request }),
  get_bridge_item_details: ({ alice }) => ({ item_id: alice.itemId }),
  delete_bridge_item_id: ({ alice }) => ({ item_id: alice.itemId }),
  post_item_refresh: ({ alice }) => ({ item_id: alice.itemId }),
  get_bank_accounts: ({ alice }) => ({ item_id: alice.itemId }),
  get_single_bank: () => ({ bank_id: 574 }),
  get_bank_transactions_by_account: ({ alice }) => ({ account_id: alice.accountId }),
  get_bank_transactions: () => ({ user: 'alice@acme.test' }),
  get_category: () => ({}),
  get_webhook_secret: () => ({}),
  list_sites: () => ({}),
  create_site_key: () => ({ site: 'erp.acme.test', label: 'ERP in production' }),
  revoke_site_key: ({ acme }) => ({ api_key: acme.siteKey.apiKey }),
  get_usage: () => ({}),
  get_events: () => ({}),
  get_portal_link: () => ({ lang: 'fr' }),
}

const forms = [
  ['by default', {}],
  ['of 2021-06-01, in an envelope, links bare', old()],
] as const

function old() {
  return { bridgeVersion: '2021-06-01', lists: 'envelope', links: 'url' } as const
}

/** Methods for tenant keys alone. */
const ofHosts = methods.filter(({ tag }) => tag === 'hosting').map(({ name }) => name)

const names = methods.map(({ name }) => name.replace('bank_api.bridge.', ''))

describe('what a method answers', () => {
  test.each(names)('%s', async (name) => {
    const isOfHosts = ofHosts.includes(`bank_api.bridge.${name}`)
    const texts: string[] = []
    for (const [form, presentation] of forms) {
      const world = await aWorld()
      const { tenant, site } = world.acme
      const whose = isOfHosts ? null : site
      const as = await aKey(world.app, tenant, whose, { presentation })
      texts.push(`# ${form}`, await exchange(world.app, rpc(name, as, fitting[name]!(world))))
    }
    const world = await aWorld()
    const as = isOfHosts ? world.acme.tenantKey : world.acme.siteKey
    const call = rpc(name, as, fitting[name]!(world))
    const asV2 = { ...call, url: call.url.replace('/api/', '/api/v2/') }
    texts.push('# under /api/v2', await exchange(world.app, asV2))

    await expect(texts.join('\n')).toMatchFileSnapshot(`bytes/${name}.txt`)
  })
})

/** What happens before, where an answer would have nothing in it to show. */
const eventful: Record<string, (world: World) => Promise<object>> = {
  async get_bridge_item_id(world) {
    const now = bridgeTime(world.clock.now())
    const item = { created_at: now, last_try_refresh: now }
    const { id } = world.world.addItem(world.alice.user.userUuid, item)
    await callBack(world, { context: world.request, item_id: id })
    return { request: world.request }
  },
  async get_events({ app, alice }) {
    const content = { item_id: alice.itemId, status: 0, user_uuid: alice.user.userUuid }
    const told = { type: 'item.refreshed', content, timestamp: app.clock.now() }
    const event = anAnnouncement(app, alice.user, { type: told.type, itemId: alice.itemId })
    const body = app.keyring.seal(JSON.stringify(told), `events/${event.id}`)
    await app.store.acceptEvent({ ...event, body })
    return { since: '2025-03-10' }
  },
  async get_usage(world) {
    const { app, acme, alice } = world
    await app.jobs.countConnections()
    await app.inject(rpc('get_bank_accounts', acme.siteKey, { item_id: alice.itemId }))
    await app.callLog.flush()
    return {}
  },
}

test('the description’s example answers are these: vitest’s -u writes them', async () => {
  const answers: Record<string, unknown> = {}
  for (const { name, tag } of [...methods, ...builtInMethods]) {
    const world = await aWorld()
    const short = name.replace('bank_api.bridge.', '')
    const params = (await eventful[short]?.(world)) ?? fitting[short]?.(world) ?? {}
    const as = tag === 'hosting' ? world.acme.tenantKey : world.acme.siteKey
    const { body } = await world.app.inject(rpc(short, as, params, { url: `/api/method/${name}` }))
    answers[name] = (JSON.parse(withoutChance(body)) as { message: unknown }).message
  }

  await expect(`${JSON.stringify(answers, null, 2)}\n`).toMatchFileSnapshot(
    '../../../src/openapi/example-answers.json',
  )
})

const broken = (status: number, headers: Record<string, string> = {}) =>
  http.all(`${bridgeUrl}/*`, ({ request }) =>
    request.url.endsWith('/authorization/token')
      ? undefined
      : bridgeProblem(status, { code: 'broken' }, headers),
  )

const accountsOf = ({ acme, alice }: World): Ask =>
  rpc('get_bank_accounts', acme.siteKey, { item_id: alice.itemId })

/** Each refusal that has words of its own. */
const refusals: [title: string, ask: (world: World) => Ask | Promise<Ask>][] = [
  ['no credentials', () => ({ url: '/api/method/bank_api.bridge.get_category' })],
  [
    'one word where two belong',
    () => ({ url: '/api/method/ping', headers: { authorization: 'token' } }),
  ],
  [
    'an unknown key',
    () => ({ url: '/api/method/ping', headers: { authorization: 'token nobody:nothing' } }),
  ],
  [
    'a revoked key',
    async ({ app, acme }) => {
      await app.store.changeKey(acme.siteKey.apiKey, { kind: 'revoked' }, { actor: 'test', at: 1 })
      return rpc('get_category', acme.siteKey, {})
    },
  ],
  ['a missing argument', ({ acme }) => rpc('get_bank_accounts', acme.siteKey, {})],
  ['a malformed argument', ({ acme }) => rpc('get_bank_accounts', acme.siteKey, { item_id: 'x' })],
  [
    'an argument that is an object',
    ({ acme }) => rpc('get_bank_accounts', acme.siteKey, { item_id: {} }),
  ],
  ['an unknown method', ({ acme }) => rpc('get_nothing', acme.siteKey, {})],
  ['an unknown app', ({ acme }) => rpc('x', acme.siteKey, {}, { url: '/api/method/erp.hr.x' })],
  [
    'a body that is no JSON',
    ({ acme }) =>
      rpc(
        'get_bank_accounts',
        acme.siteKey,
        {},
        {
          headers: {
            authorization: acme.siteKey.authorization,
            'content-type': 'application/json',
          },
          payload: '{"item_id":',
        },
      ),
  ],
  [
    'a body that is too large',
    ({ acme }) => rpc('get_bank_accounts', acme.siteKey, { item_id: 'x'.repeat(300_000) }),
  ],
  [
    'an item that is not there',
    ({ acme }) => rpc('get_bank_accounts', acme.siteKey, { item_id: 9 }),
  ],
  [
    'a request that is not there',
    ({ acme }) => rpc('get_bridge_item_id', acme.siteKey, { request: 'a'.repeat(26) }),
  ],
  ['an unknown path', () => ({ url: '/nothing' })],
  [
    'another origin than the pinned one',
    ({ acme }) =>
      rpc('get_bridge_connect_link', acme.siteKey, {
        ...link,
        base_url: 'https://evil.test',
        user: 'alice@acme.test',
      }),
  ],
  [
    'a link to a plain http address',
    ({ acme }) =>
      rpc('get_bridge_connect_link', acme.siteKey, {
        redirect_url: 'http://erp.acme.test/app',
        user: 'alice@acme.test',
      }),
  ],
  [
    'a user without an address',
    ({ acme }) => rpc('get_bridge_connect_link', acme.siteKey, { ...link, user: '42' }),
  ],
  ['several sites that fit', ({ acme }) => rpc('get_bank_transactions', acme.tenantKey, {})],
  [
    'a webhook secret for a tenant key',
    ({ acme }) => rpc('get_webhook_secret', acme.tenantKey, {}),
  ],
  ['a list of sites for a site key', ({ acme }) => rpc('list_sites', acme.siteKey, {})],
  [
    'a key that is not there',
    ({ acme }) => rpc('revoke_site_key', acme.tenantKey, { api_key: 'key_of_nobody' }),
  ],
  ['no month', ({ acme }) => rpc('get_usage', acme.tenantKey, { month: '2027-13' })],
  [
    'a link for a key that may only read',
    async ({ app, acme }) => {
      const reader = await aKey(app, acme.tenant, acme.site, { readOnly: true })
      return rpc('get_bridge_connect_link', reader, link)
    },
  ],
  [
    'Bridge says there are too many calls',
    (world) => {
      world.bridge.use(broken(429, { 'retry-after': '7' }))
      return accountsOf(world)
    },
  ],
  [
    'Bridge refuses our credentials',
    (world) => {
      world.bridge.use(broken(401))
      return accountsOf(world)
    },
  ],
  [
    'Bridge fails',
    (world) => {
      world.bridge.use(broken(500))
      return accountsOf(world)
    },
  ],
  [
    'Bridge answers nonsense',
    (world) => {
      world.bridge.use(http.get(`${bridgeUrl}/v3/*`, () => HttpResponse.html('<h1>hello</h1>')))
      return accountsOf(world)
    },
  ],
  [
    'Bridge does not know the item',
    (world) => {
      world.bridge.use(broken(404))
      return accountsOf(world)
    },
  ],
  [
    'the refreshes of a day are used up',
    async (world) => {
      const call = rpc('post_item_refresh', world.acme.siteKey, { item_id: world.alice.itemId })
      world.world.refreshes = true
      for (let tries = 0; tries < 4; tries += 1) await world.app.inject(call)
      return call
    },
  ],
]

test.each(refusals)('how it is refused: %s', async (title, ask) => {
  const texts: string[] = []
  for (const language of ['en', 'fr']) {
    const world = await aWorld()
    const call = await ask(world)
    const headers = { ...call.headers, 'accept-language': language }
    texts.push(await exchange(world.app, { ...call, headers }))
  }

  await expect(texts.join('\n')).toMatchFileSnapshot(
    `bytes/refused/${title.toLowerCase().replaceAll(' ', '-')}.txt`,
  )
})

test('where the browser is sent, and the pages that it sees instead', async () => {
  const world = await aWorld()
  const { app, alice, request } = world
  const unknown = await callBack(world, { context: 'a'.repeat(26), item_id: 1 })
  const left = await callBack(world, { context: request, step: 'select_bank' })
  const { clock } = world
  const other = await aRequest(app, alice.user)
  clock.advance(25 * 60 * 60_000)
  const late = await callBack(world, { context: other, item_id: alice.itemId })

  const seen = [unknown, left, late].map(({ statusCode, headers, body }) =>
    [
      statusCode,
      headers.location ?? '',
      headers['referrer-policy'],
      body.replace(/<style>.*<\/style>/s, '<style>…</style>'),
    ].join('\n'),
  )

  await expect(seen.join('\n\n')).toMatchFileSnapshot('bytes/callback.txt')
})
