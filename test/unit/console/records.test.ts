import { describe, expect, it } from 'vitest'
import { aFurnishedConsole, textOf } from '../../support/console-rooms.ts'
import { aTenant, aUser, itemFacts } from '../../support/tenants.ts'

type Rooms = Awaited<ReturnType<typeof aFurnishedConsole>>

/** Each kind of record: its page, and what that says in English and in French. */
const records: [string, (rooms: Rooms) => string, RegExp, RegExp][] = [
  [
    'item',
    () => 'item/77',
    /Connection 77.*Demo Bank.*consent/,
    /La connexion 77 \(Demo Bank\) de ann@acme\.test sur erp\.acme\.test marche/,
  ],
  [
    'request',
    ({ request }) => `request/${request}`,
    /it expires in 24 h\..*Link .*State open Opened/,
    /Personne n’est encore revenu de la banque.*lien \w+ ouvert pour/,
  ],
  [
    'event',
    ({ event }) => `event/${event.id}`,
    /Event item\.refreshed.*on its way/,
    /item\.refreshed pour erp\.acme\.test attend : il est à envoyer/,
  ],
  [
    'call',
    () => 'call/req_call',
    /Call get_bank_accounts.*item_not_found.*80 ms/,
    /get_bank_accounts a été refusé avec 404 item_not_found\. Rien ici/,
  ],
  [
    'user',
    ({ user }) => `user/${user.id}`,
    /User ann@acme\.test.*At Bridge/,
    /L’utilisateur ann@acme\.test de erp\.acme\.test a 1 connexion, et tout marche/,
  ],
  ['site', ({ site }) => `site/${site.id}`, /Site erp\.acme\.test.*Its events/, /Ses événements/],
  [
    'key',
    ({ siteKey }) => `key/${siteKey.apiKey}`,
    /Key key_.*Made/,
    /est bonne et n’a jamais servi.*Créée/,
  ],
]

/** What stands between the tags of a page, a piece each. */
const wordsOf = (page: string): string[] =>
  [...page.replace(/^.*<\/head>/s, '').matchAll(/>([^<]+)</g)].map(([, words = '']) => words.trim())

describe('the page of a record', () => {
  it.each(records)(
    'tells of an %s what it is and what became of it',
    async (_kind, path, en, fr) => {
      const rooms = await aFurnishedConsole()
      const url = `/console/${path(rooms)}`

      const english = await rooms.visitor.get(url)
      const french = await rooms.visitor.get(url, { 'accept-language': 'fr' })

      expect(english.statusCode).toBe(200)
      expect(textOf(english.body)).toMatch(en)
      expect(textOf(english.body)).toContain('erp.acme.test')
      expect(textOf(french.body)).toMatch(fr)
      expect(wordsOf(french.body).filter((words) => / [:;?!»]|« /.test(words))).toEqual([])
      expect(english.body).not.toMatch(/ style="|<script|No <item>/)
    },
  )

  it('of a site shows where webhooks go, and nothing of a secret that the address may hold', async () => {
    const { app, clock, visitor, site } = await aFurnishedConsole()
    const webhookUrl = 'https://erp.acme.test/hook?token=s3cret'
    await app.store.updateSite(site.id, { webhookUrl }, { actor: 'test', at: clock.now() })

    const { body } = await visitor.get(`/console/site/${site.id}`)

    expect(textOf(body)).toContain('https://erp.acme.test/hook?…')
    expect(body).not.toContain('s3cret')
  })

  it('of an event shows each try with what the site answered, as text', async () => {
    const { visitor, event, end } = await aFurnishedConsole()
    await end('dead', 500, '<img src=x onerror=alert(1)>')

    const { body } = await visitor.get(`/console/event/${event.id}`)

    expect(body).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(textOf(body)).toMatch(/given up.*7 ms.*500/)
  })

  it.each([
    'item/78',
    'event/evt_none',
    'call/x',
    'site/sit_1x',
    'tenant/1',
    'bank/575',
    'bank/x',
    'item/77/x',
    'site/77',
  ])('is not there for %s', async (path) => {
    const { visitor } = await aFurnishedConsole()

    const { statusCode, body } = await visitor.get(`/console/${path}`)

    expect(statusCode).toBe(404)
    expect(textOf(body)).toContain('There is nothing here')
  })
})

describe('the page of a bank', () => {
  it('lists the connections at it, page by page', async () => {
    const { app, visitor, user, site } = await aFurnishedConsole()
    const more = Array.from({ length: 45 }, (_, at) => itemFacts({ id: 100 + at, status: 402 }))
    const elsewhere = itemFacts({ id: 500, providerId: 6, providerName: 'Other <Bank>' })
    const at = { at: app.clock.now(), complete: false }
    await app.store.keepItems(user.id, [...more, elsewhere], at)

    const first = await visitor.get('/console/bank/574')
    const second = await visitor.get('/console/bank/574?after=138')
    const french = await visitor.get('/console/bank/6', { 'accept-language': 'fr' })

    expect(textOf(first.body)).toMatch(
      /Bank .*\(574\).* 77 .*erp\.acme\.test acme .*ann@acme\.test/,
    )
    expect(first.body.match(/\/console\/item\//g)).toHaveLength(40)
    expect(first.body).toContain('href="?after=138"')
    expect(first.body).toContain(`/console/site/${site.id}`)
    expect(second.body.match(/\/console\/item\/\d+/g)?.at(0)).toBe('/console/item/139')
    expect(second.body).not.toContain('Further ones')
    expect(textOf(french.body)).toContain('Banque Other &lt;Bank&gt; (6)')
    expect(Buffer.byteLength(first.body)).toBeLessThan(60 * 1024)
  })
})

describe('the search box', () => {
  it.each<[string, (rooms: Rooms) => string, (rooms: Rooms) => string]>([
    ['a connection’s number', () => '77', () => 'item/77'],
    ['an address', () => 'ANN@acme.test', ({ user }) => `user/${user.id}`],
    ['a bank’s number', () => '574', () => 'bank/574'],
    ['a part of a bank’s name', () => 'démo', () => 'bank/574'],
    ['a site', () => ' Erp.acme.test ', ({ site }) => `site/${site.id}`],
    ['the beginning of an id', () => 'req_cal', () => 'call/req_call'],
    ['the id of a call', () => 'req_call', () => 'call/req_call'],
    ['a uuid of Bridge’s', ({ user }) => user.userUuid, ({ user }) => `user/${user.id}`],
  ])('leads from %s to the record', async (_what, word, to) => {
    const rooms = await aFurnishedConsole()

    const found = await rooms.visitor.get(`/console/search?q=${encodeURIComponent(word(rooms))}`)

    expect(found.statusCode).toBe(303)
    expect(found.headers.location).toBe(`/console/${to(rooms)}`)
  })

  it('shows what a word may mean, and whose each is', async () => {
    const { app, visitor } = await aFurnishedConsole()
    const other = await aTenant(app, { name: 'other', sites: ['erp.other.test'] })
    await aUser(app, other.site, { name: 'ann@acme.test' })

    const { statusCode, body } = await visitor.get('/console/search?q=ann@acme.test')

    expect(statusCode).toBe(200)
    expect(textOf(body)).toMatch(
      /may be one of these.*erp\.acme\.test, acme.*erp\.other\.test, other/,
    )
  })

  it('says when there is nothing of the kind, and shows the word as text', async () => {
    const { visitor } = await aFurnishedConsole()

    const { statusCode, body } = await visitor.get('/console/search?q=%3Cscript%3E%22')

    expect(statusCode).toBe(404)
    expect(body).toContain('&lt;script&gt;&quot;')
    expect(body).not.toContain('<script')
  })
})

describe('lists', () => {
  it('of events are filtered by site, type, state and time', async () => {
    const { app, clock, visitor, site, event, end } = await aFurnishedConsole()
    await end('dead', 500, '')
    const idsOn = async (query: string) =>
      [
        ...(await visitor.get(`/console/events${query}`)).body.matchAll(
          /\/console\/event\/(evt_\w+)"/g,
        ),
      ].map(([, id]) => id)

    expect(await idsOn('')).toEqual([event.id])
    for (const query of [
      'site=erp.acme.test',
      `site=${site.id}`,
      'type=item.refreshed',
      'state=dead',
    ])
      expect(await idsOn(`?${query}`), query).toEqual([event.id])
    for (const query of ['site=nobody', 'type=x', 'state=delivered'])
      expect(await idsOn(`?${query}`), query).toEqual([])
    clock.advance(2 * 60 * 60_000)
    expect(await idsOn('?hours=1')).toEqual([])
    expect(await idsOn('?hours=24')).toEqual([event.id])
    expect(app.store.isShared).toBe(false)
  })

  it('of calls are filtered by site, method and answer, and turned page by page', async () => {
    const { app, visitor, call } = await aFurnishedConsole()
    await app.store.addCalls(
      Array.from({ length: 50 }, (_, at) => ({
        ...call,
        id: `req_x${String(at).padStart(2, '0')}`,
        ...(at === 0 && { method: 'ping' }),
        itemId: at,
        status: 200,
        refusal: null,
      })),
    )
    const page = async (query: string) => (await visitor.get(`/console/calls${query}`)).body
    const count = (body: string) => body.match(/\/console\/call\/req_\w+"/g)?.length ?? 0

    const first = await page('')
    const older = /href="(\?[^"]*before=[^"]*)"/.exec(first)![1]!.replaceAll('&amp;', '&')

    expect(count(first)).toBe(40)
    expect(count(await page(older))).toBe(11)
    expect(count(await page('?status=4'))).toBe(1)
    expect(count(await page('?method=get_bank_accounts&status=4'))).toBe(1)
    expect(count(await page('?method=ping'))).toBe(1)
    expect(count(await page('?method=get_users'))).toBe(0)
    expect(await page('?site=nobody')).toContain('There is no site named nobody')
  })

  it('of calls have one row for those that follow each other alike, and turn from there', async () => {
    const { app, visitor, call } = await aFurnishedConsole()
    const asking = (from: number, length: number) =>
      Array.from({ length }, (_, at) => ({
        ...call,
        id: `req_y${String(from + at).padStart(4, '0')}`,
        at: call.at + 1 + from + at,
        method: 'bank_api.bridge.get_events',
        status: 200,
        refusal: null,
      }))
    await app.store.addCalls([
      ...asking(0, 450),
      { ...call, id: 'req_between', at: call.at + 500, apiKey: null },
      ...asking(500, 120),
    ])
    const page = async (query: string) => (await visitor.get(`/console/calls${query}`)).body

    const first = await page('')
    const older = /href="(\?[^"]*before=[^"]*)"/.exec(first)![1]!.replaceAll('&amp;', '&')
    const second = await page(older)

    expect(first.match(/\/console\/call\/req_\w+"/g)).toHaveLength(3)
    expect(textOf(first)).toMatch(/get_events 120 times alike .*get_events 279 times alike/)
    expect(textOf(second)).toContain('get_events 171 times alike')
    expect(second).toContain('/console/call/req_call"')
    expect(second).not.toContain('Older ones')
    const ofSite = (await visitor.get(`/console/site/${call.siteId}`)).body
    expect(textOf(ofSite)).toContain('get_events 120 times alike')
  })
})
