import { once } from 'node:events'
import { request as open } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { DatabaseLocation } from '../../../src/config.ts'
import { aFurnishedConsole } from '../../support/console-rooms.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'

type Rooms = Awaited<ReturnType<typeof aFurnishedConsole>>

/** Every page and every act of the console; the test below compares it with the routes there are. */
const pages = ({ site, event, request, user, siteKey }: Rooms): string[] => [
  '/console',
  '/console/search?q=77',
  '/console/events',
  '/console/calls',
  '/console/item/77',
  '/console/bank/574',
  `/console/site/${site.id}`,
  `/console/event/${event.id}`,
  `/console/request/${request}`,
  `/console/user/${user.id}`,
  `/console/key/${siteKey.apiKey}`,
  '/console/call/req_call',
]
const acts = ({ site, event }: Rooms): string[] => [
  '/console/examine',
  '/console/leave',
  '/console/events/replay',
  `/console/event/${event.id}/replay`,
  `/console/site/${site.id}/test`,
  `/console/site/${site.id}/enable`,
  '/console/item/77/renewal',
]

/** What nobody outside may read from an answer. */
const inner = /erp\.acme\.test|ann@acme|Demo Bank|item_not_found|connection 77/i

/** What would show that something was done. */
const state = async ({ app, site, event }: Rooms) => [
  (await app.store.findDelivery(event.id))?.state,
  (await app.store.readEndpoint(site.id)).disabledAt,
  (await app.store.listEvents({}, { limit: 9 })).length,
  (await app.store.listSessions(app.clock.now())).length,
  (await app.store.listAudit({ limit: 99 })).filter(({ action }) => !action.startsWith('console.'))
    .length,
]

test('no page and no act is missing here', async () => {
  const { app } = await aFurnishedConsole()

  const [, below = ''] = app.printRoutes({ commonPrefix: false }).split('console (GET)')

  expect(
    below
      .replaceAll(/[│├└─ ]/g, '')
      .trim()
      .split('\n'),
  ).toEqual([
    '/login/:token(GET,POST)',
    '/leave(POST)',
    '/examine(POST)',
    '/events(GET)',
    '/replay(POST)',
    '/event/:id/replay(POST)',
    '/search(GET)',
    '/site/:id/test(POST)',
    '/site/:id/enable(POST)',
    '/calls(GET)',
    '/bank/:id(GET)',
    '/item/:id/renewal(POST)',
    '/:kind/:id(GET)',
    '*(GET,HEAD,TRACE,DELETE,OPTIONS,PATCH,PUT,POST,QUERY)',
  ])
})

test.each<[string, (rooms: Rooms) => Promise<Record<string, string>>]>([
  ['a stranger', async () => ({})],
  ['the holder of a site key', async ({ siteKey }) => ({ authorization: siteKey.authorization })],
  [
    'the holder of a tenant key',
    async ({ tenantKey }) => ({ authorization: tenantKey.authorization }),
  ],
  [
    'whose session was ended',
    async ({ app, visitor }) => {
      const cookie = `__Host-bank-api-console=${visitor.cookies.get('__Host-bank-api-console')}`
      const [session] = await app.store.listSessions(app.clock.now())
      await app.store.endSession(session!.id, { actor: 'cli', at: app.clock.now() })
      return { cookie }
    },
  ],
  ['who guesses', async () => ({ cookie: `__Host-bank-api-console=ses_1.${'A'.repeat(43)}` })],
])('%s reads and does nothing, whatever the page', async (_who, headersOf) => {
  const rooms = await aFurnishedConsole()
  await rooms.end('dead', 410, '')
  const headers = await headersOf(rooms)
  const before = await state(rooms)

  for (const method of ['GET', 'POST', 'HEAD', 'PUT', 'DELETE'] as const) {
    for (const url of [...pages(rooms), ...acts(rooms)]) {
      const { statusCode, body } = await rooms.app.inject({ method, url, headers })
      expect([401, 404], `${method} ${url}`).toContain(statusCode)
      expect(body, `${method} ${url}`).not.toMatch(inner)
    }
  }
  expect(await state(rooms)).toEqual(before)
})

test('whoever is inside does nothing by looking, nor by a form that is not ours', async () => {
  const rooms = await aFurnishedConsole()
  await rooms.end('dead', 410, '')
  const before = await state(rooms)

  for (const url of acts(rooms)) {
    expect((await rooms.visitor.get(url)).statusCode, url).toBe(404)
    expect((await rooms.visitor.post(url)).statusCode, url).toBe(403)
    expect((await rooms.visitor.post(url, { _csrf: 'x' })).statusCode, url).toBe(403)
  }
  expect(await state(rooms)).toEqual(before)
})

/** Says what an odd word in each place does to somebody inside. */
async function anyWordIsAnswered(more: { database?: DatabaseLocation } = {}): Promise<void> {
  const rooms = await aFurnishedConsole(more)
  const { visitor } = rooms
  const odd = [
    '[]',
    '%00',
    '\ud800',
    '-1',
    '1e999',
    '1e60',
    '1.5',
    '9'.repeat(16),
    '9'.repeat(40),
    '\0',
    "'; DROP TABLE sites",
    '💥'.repeat(200),
    '../..',
    '%',
  ]
  const csrf = /name="_csrf" value="([^"]+)"/.exec((await visitor.get('/console')).body)![1]!

  for (const text of odd.map((one) => encodeURIComponent(one.toWellFormed()))) {
    for (const url of [
      `/console?page=${text}`,
      `/console/search?q=${text}`,
      `/console/events?site=${text}&type=${text}&state=${text}&hours=${text}&after=${text}&done=${text}`,
      `/console/calls?site=${text}&method=${text}&status=${text}&before=${text}&lang=${text}`,
      `/console/item/${text}`,
      `/console/${text}/${text}`,
    ]) {
      expect((await visitor.get(url)).statusCode, url).toBeLessThan(500)
    }
    const named = ['event/…/replay', 'site/…/test', 'site/…/enable', 'item/…/renewal']
    for (const url of [
      ...acts(rooms).filter((one) => !one.endsWith('leave')),
      ...named.map((path) => `/console/${path.replace('…', text)}`),
    ]) {
      const fields = { _csrf: csrf, site: text, state: text, hours: text, type: text }
      expect((await visitor.post(url, fields)).statusCode, url).toBeLessThan(500)
    }
  }
}

test('no query, path or form of somebody inside answers 500', () => anyWordIsAnswered())

withPostgres((only, server) => {
  only('nor does it on PostgreSQL', async () => {
    await anyWordIsAnswered({ database: { url: await testDatabase(server), poolSize: 2 } })
  })
})

test('it is where its path is written as it is, for a proxy may compare what it keeps from strangers', async () => {
  const { app, visitor } = await aFurnishedConsole()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const cookie = Array.from(visitor.cookies, (pair) => pair.join('=')).join('; ')
  const ask = async (path: string) => {
    const asking = open({ port, path, headers: { cookie }, agent: false }).end()
    const [answer] = await once(asking, 'response')
    return { status: answer.statusCode as number, body: await textOf(answer) }
  }

  expect((await ask('/console')).status).toBe(200)
  for (const path of ['//console', '/%63onsole', '/consol%65/events', `http://127.0.0.1/console`]) {
    const { status, body } = await ask(path)
    expect(status, path).toBe(404)
    expect(body, path).not.toMatch(inner)
  }
})

test('what is shown carries no secret: no cookie, no hash, no webhook secret, no link', async () => {
  const rooms = await aFurnishedConsole()
  const session = rooms.visitor.cookies.get('__Host-bank-api-console')!

  for (const url of pages(rooms)) {
    const { body } = await rooms.visitor.get(url)
    expect(body).not.toContain(session.split('.')[1])
    expect(body).not.toMatch(/whsec_|\/renew\//)
    expect(body).not.toContain(rooms.siteKey.apiSecret)
  }
})
