import { describe, expect, it, test } from 'vitest'
import type { DatabaseLocation } from '../../../src/config.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { aFurnishedPortal, aPortalVisitor } from '../../support/portal.ts'
import { withoutReference } from '../../support/app.ts'

type Rooms = Awaited<ReturnType<typeof aFurnishedPortal>>

/** What a site's people can name, of theirs or of others. */
interface Named {
  site: string
  event: string
}

/** Every page and every act; the test below compares it with the routes there are. */
const pages = ({ site, event }: Named): string[] => [
  `/portal?site=${site}`,
  `/portal?site=${site}&after=9999999999999.9&page=2`,
  `/portal/event/${event}`,
]
const acts = ({ site, event }: Named): [path: string, fields: Record<string, string>][] => [
  [`/portal/event/${event}/replay`, {}],
  ['/portal/test', { site }],
]
const leave = '/portal/leave'

const nobodys: Named = { site: 'erp.none.test', event: 'evt_none' }

/** What would show that something was done. */
const state = async ({ app, erp, shop, foreign }: Rooms) => [
  ...(await Promise.all(
    [erp, shop, foreign].map(async ({ event }) => (await app.store.findDelivery(event.id))?.state),
  )),
  (await app.store.listEvents({}, { limit: 9 })).length,
  (await app.store.listAudit({ limit: 99 })).filter(({ action }) => !action.startsWith('portal.'))
    .length,
]

const csrfOf = async (visitor: Awaited<ReturnType<typeof aPortalVisitor>>) =>
  /name="_csrf" value="([^"]+)"/.exec((await visitor.get('/portal')).body)![1]!

test('no page and no act is missing here', async () => {
  const { app } = await aFurnishedPortal()

  const [, below = ''] = app.printRoutes({ commonPrefix: false }).split('portal (GET')

  expect(
    below
      .slice(below.indexOf('\n'))
      .split('\n')
      .map((line) => line.replaceAll(/[│├└─ ]/g, ''))
      .slice(1, 8),
  ).toEqual([
    '/enter/:token(GET,HEAD,POST)',
    '/event/:id(GET)',
    '/replay(POST)',
    '/test(POST)',
    '/leave(POST)',
    '*(GET,HEAD,TRACE,DELETE,OPTIONS,PATCH,PUT,POST,QUERY)',
    expect.any(String),
  ])
})

const whose = {
  'a site’s people': ({ of }: Rooms) => of,
  'the people of a tenant': ({ ofTenant }: Rooms) => ofTenant,
} as const

/** The names of the store's operations as they are called; what is counted by the way is none of it. */
function countStore({ app }: Rooms): () => string[] {
  const called: string[] = []
  const operations = app.store as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const [name, operation] of Object.entries(operations)) {
    if (name === 'close') continue
    operations[name] = (...args) => {
      if (name !== 'audit' && name !== 'addCalls') called.push(name)
      return operation(...args)
    }
  }
  return () => called.splice(0)
}

describe('what is another’s answers as what is nobody’s, to the byte and with the same work:', () => {
  const cases = [
    ['a site’s people', 'a sister site’s', ({ shop }: Rooms) => shop],
    ['a site’s people', 'another tenant’s', ({ foreign }: Rooms) => foreign],
    ['the people of a tenant', 'another tenant’s', ({ foreign }: Rooms) => foreign],
  ] as const

  it.each(cases)('to %s %s', async (who, _whose, victimOf) => {
    const rooms = await aFurnishedPortal()
    const victim = victimOf(rooms)
    const theirs: Named = { site: victim.site.name, event: victim.event.id }
    const visitor = await aPortalVisitor(rooms.app, whose[who](rooms))
    const csrf = await csrfOf(visitor)
    const before = await state(rooms)
    const steps = countStore(rooms)
    const answers = async (named: Named) => {
      const told = []
      const plain = (text: string) =>
        withoutReference(text).replaceAll(named.site, '…').replaceAll(named.event, '…')
      for (const url of pages(named)) {
        const { statusCode, body } = await visitor.get(url)
        told.push([statusCode, plain(body), steps()])
      }
      for (const [url, fields] of acts(named)) {
        const { statusCode, body } = await visitor.post(url, { ...fields, _csrf: csrf })
        told.push([statusCode, plain(body), steps()])
      }
      return told
    }

    const told = await answers(theirs)

    expect(told).toEqual(await answers(nobodys))
    for (const [status, body] of told) {
      expect(status).toBe(404)
      expect(body).not.toMatch(/Sister Bank|Foreign Bank|it said/)
    }
    expect(await state(rooms)).toEqual(before)
  })

  it('and the test would notice: one’s own are answered', async () => {
    const rooms = await aFurnishedPortal()
    const visitor = await aPortalVisitor(rooms.app, rooms.of)
    const csrf = await csrfOf(visitor)
    const own = { site: rooms.erp.site.name, event: rooms.erp.event.id }

    const looks = await Promise.all(pages(own).map((url) => visitor.get(url)))
    const done = []
    for (const [url, fields] of acts(own))
      done.push(await visitor.post(url, { ...fields, _csrf: csrf }))

    expect(looks.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    expect(done.map(({ statusCode }) => statusCode)).toEqual([303, 303])
  })
})

test.each<[string, (rooms: Rooms) => Promise<Record<string, string>>]>([
  ['a stranger', async () => ({})],
  ['the holder of a key', async ({ acme }) => ({ authorization: acme.siteKey.authorization })],
  ['who guesses', async () => ({ cookie: `__Host-bank-api-portal=por_1.${'A'.repeat(43)}` })],
  [
    'whose key was revoked',
    async ({ app, of }) => {
      const { cookies } = await aPortalVisitor(app, of)
      await app.store.changeKey(
        of.apiKey,
        { kind: 'revoked' },
        { actor: 'cli', at: app.clock.now() },
      )
      return { cookie: Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ') }
    },
  ],
])('%s reads and does nothing, whatever the page', async (_who, headersOf) => {
  const rooms = await aFurnishedPortal()
  const own = { site: rooms.erp.site.name, event: rooms.erp.event.id }
  const headers = await headersOf(rooms)
  const before = await state(rooms)

  for (const method of ['GET', 'POST', 'HEAD', 'PUT', 'DELETE'] as const) {
    for (const url of [...pages(own), ...acts(own).map(([path]) => path), leave, '/portal']) {
      const { statusCode, body } = await rooms.app.inject({ method, url, headers })
      expect([401, 404], `${method} ${url}`).toContain(statusCode)
      // The link to the other language repeats what was asked for.
      const said = body.replaceAll(/href="\?[^"]*"/g, '')
      expect(said, `${method} ${url}`).not.toMatch(/erp\.acme\.test|ann@|Demo Bank|it said/)
    }
  }
  expect(await state(rooms)).toEqual(before)
})

test('whoever is inside does nothing by looking, nor by a form that is not ours', async () => {
  const rooms = await aFurnishedPortal()
  const visitor = await aPortalVisitor(rooms.app, rooms.of)
  const before = await state(rooms)

  const own = { site: rooms.erp.site.name, event: rooms.erp.event.id }
  for (const [url, fields] of [...acts(own), [leave, {}] as const]) {
    expect((await visitor.get(url)).statusCode, url).toBe(404)
    expect((await visitor.post(url, fields)).statusCode, url).toBe(403)
    expect((await visitor.post(url, { ...fields, _csrf: 'x' })).statusCode, url).toBe(403)
  }
  expect(await state(rooms)).toEqual(before)
})

/** Says what an odd word in each place does to somebody inside. */
async function anyWordIsAnswered(more: { database?: DatabaseLocation } = {}): Promise<void> {
  const rooms = await aFurnishedPortal(more)
  const odd = ['[]', '%00', '\u0000', '-1', '1e999', "'; DROP TABLE sites", '💥'.repeat(200), '%']

  for (const of of [rooms.of, rooms.ofTenant]) {
    const visitor = await aPortalVisitor(rooms.app, of)
    const csrf = await csrfOf(visitor)
    for (const word of odd.map((one) => encodeURIComponent(one.toWellFormed()))) {
      for (const url of [
        `/portal?site=${word}&page=${word}&after=${word}&lang=${word}&done=${word}`,
        `/portal?site=erp.acme.test&site=${word}&page=9999`,
        `/portal/event/${word}`,
        `/portal/enter/${word}`,
      ]) {
        expect((await visitor.get(url)).statusCode, url).toBeLessThan(500)
      }
      for (const url of [`/portal/event/${word}/replay`, '/portal/test', `/portal/enter/${word}`]) {
        const { statusCode } = await visitor.post(url, {
          _csrf: csrf,
          site: decodeURIComponent(word),
        })
        expect(statusCode, url).toBeLessThan(500)
      }
    }
  }
}

test('no query, path or form of somebody inside answers 500', () => anyWordIsAnswered())

withPostgres((only, server) => {
  only('nor does it on PostgreSQL', async () => {
    await anyWordIsAnswered({ database: { url: await testDatabase(server), poolSize: 2 } })
  })
})

test('what is shown carries no secret: no cookie, no key’s secret, no webhook secret', async () => {
  const rooms = await aFurnishedPortal()
  const visitor = await aPortalVisitor(rooms.app, rooms.of)
  const session = visitor.cookies.get('__Host-bank-api-portal')!

  for (const url of pages({ site: rooms.erp.site.name, event: rooms.erp.event.id })) {
    const { body } = await visitor.get(url)
    expect(body).not.toContain(session.split('.')[1])
    expect(body).not.toMatch(/whsec_/)
    expect(body).not.toContain(rooms.acme.siteKey.apiSecret)
  }
})
