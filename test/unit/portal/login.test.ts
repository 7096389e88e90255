import { describe, expect, it, test } from 'vitest'
import { rotateApiKey } from '../../../src/auth/api-keys.ts'
import { callMethod } from '../../support/app.ts'
import { textOf } from '../../support/console-rooms.ts'
import { aVisitor } from '../../support/console.ts'
import { aBrowser } from '../../support/browser.ts'
import { addressOf, aFurnishedPortal, aPortalVisitor } from '../../support/portal.ts'
import { aKey } from '../../support/tenants.ts'

const minute = 60_000
const session = '__Host-bank-api-portal'

/** The path of an address, with what stands behind it. */
const pathOf = (url: string) => url.replace('https://bank.test', '')

describe('get_portal_link', () => {
  it('gives a site’s key an address that shows its site, in the language that is asked for', async () => {
    const { app, acme, clock } = await aFurnishedPortal()
    const browser = aBrowser(app)

    const { message } = await callMethod(
      app,
      'get_portal_link',
      { lang: 'fr' },
      { as: acme.siteKey },
    )
    await browser.post(pathOf(message.url))
    const page = await browser.get('/portal')

    expect(message.url).toMatch(
      /^https:\/\/bank\.test\/portal\/enter\/por_\w+\.[\w-]{43}\?lang=fr$/,
    )
    expect(message.expires_at).toBe(new Date(clock.now() + 60 * minute).toISOString())
    expect(page.body).toContain('<html lang="fr">')
    expect(textOf(page.body)).toContain('Demo Bank')
  })

  it('gives a tenant’s key all its sites, or the one that it names', async () => {
    const { app, acme } = await aFurnishedPortal()
    const pages = []
    for (const args of [{}, { site: 'shop.acme.test' }]) {
      const { message } = await callMethod(app, 'get_portal_link', args, { as: acme.tenantKey })
      const browser = aBrowser(app)
      await browser.post(pathOf(message.url))
      pages.push(textOf((await browser.get('/portal')).body))
    }

    expect(pages[0]).toMatch(/erp\.acme\.test.*shop\.acme\.test/)
    expect(pages[0]).not.toContain('other')
    expect(pages[1]).toContain('Sister Bank')
    expect(pages[1]).not.toMatch(/erp\.acme\.test|Demo Bank/)
  })

  it('is refused for another’s site, and for a key that only reads', async () => {
    const { app, acme } = await aFurnishedPortal()
    const reader = await aKey(app, acme.tenant, acme.site, { readOnly: true })

    const foreign = await callMethod(
      app,
      'get_portal_link',
      { site: 'erp.other.test' },
      { as: acme.tenantKey },
    )
    const sister = await callMethod(
      app,
      'get_portal_link',
      { site: 'shop.acme.test' },
      { as: acme.siteKey },
    )
    const reading = await callMethod(app, 'get_portal_link', {}, { as: reader })

    expect([foreign.status, sister.status, reading.status]).toEqual([404, 404, 403])
    expect(reading.body.code).toBe('key_read_only')
  })

  it('counts among the links of a day', async () => {
    const { app, acme } = await aFurnishedPortal()
    for (let n = 0; n < 1_000; n += 1) app.limits.links.sites.take(acme.site.id)

    const { status } = await callMethod(app, 'get_portal_link', {}, { as: acme.siteKey })

    expect(status).toBe(429)
  })
})

describe('an address', () => {
  it('shows a button and changes nothing, however often it is opened', async () => {
    const { app, of } = await aFurnishedPortal()
    const url = await addressOf(app, of)

    const looks = []
    for (const method of ['GET', 'HEAD', 'GET'] as const)
      looks.push(await app.inject({ method, url }))
    const entered = await app.inject({ method: 'POST', url })

    for (const { statusCode, headers } of looks) {
      expect(statusCode).toBe(200)
      expect(headers['set-cookie']).toBeUndefined()
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['referrer-policy']).toBe('no-referrer')
    }
    expect(looks[0]?.body).not.toContain('Demo Bank')
    expect(entered.statusCode).toBe(303)
    expect(entered.headers.location).toBe('/portal')
  })

  it('lets one in, and nobody after', async () => {
    const { app, of } = await aFurnishedPortal()
    const url = await addressOf(app, of)

    const both = await Promise.all([1, 2].map(() => app.inject({ method: 'POST', url })))
    const later = await app.inject({ method: 'POST', url })
    const look = await app.inject({ url })

    expect(both.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b)).toEqual([303, 404])
    expect([later.statusCode, look.statusCode]).toEqual([404, 404])
  })

  it('is good for an hour, for nobody with another secret, and as no cookie', async () => {
    const { app, of, clock } = await aFurnishedPortal()
    const [one, two] = [await addressOf(app, of), await addressOf(app, of)]
    const [id, secret] = [one.split('.')[0]!, two.split('.')[1]!]

    const crossed = await app.inject({ method: 'POST', url: `${id}.${secret}` })
    const cookie = `${session}=${one.replace('/portal/enter/', '')}`
    const asCookie = await app.inject({ url: '/portal', headers: { cookie } })
    clock.advance(60 * minute - 1)
    const before = await app.inject({ url: one })
    clock.advance(1)
    const after = await app.inject({ method: 'POST', url: one })

    expect(crossed.statusCode).toBe(404)
    expect(asCookie.statusCode).toBe(401)
    expect([before.statusCode, after.statusCode]).toEqual([200, 404])
  })

  it('is not pressed by a form of another site, nor of a neighbour’s', async () => {
    const { app, of } = await aFurnishedPortal()
    const url = await addressOf(app, of)

    const press = async (from: string) => {
      const headers = { 'sec-fetch-site': from }
      return (await app.inject({ method: 'POST', url, headers })).statusCode
    }

    expect([await press('cross-site'), await press('same-site')]).toEqual([403, 403])
    expect(await press('same-origin')).toBe(303)
  })

  it('lets in from an address whose limit others have spent', async () => {
    const { app, of } = await aFurnishedPortal({ env: { LIMIT_PER_ADDRESS: '1' } })
    const url = await addressOf(app, of)
    const guess = `/portal/enter/por_1.${'A'.repeat(43)}`
    const strange = [await app.inject({ url: guess }), await app.inject({ url: guess })]

    const look = await app.inject({ url })
    const entered = await app.inject({ method: 'POST', url })

    expect(strange.map(({ statusCode }) => statusCode)).toEqual([404, 429])
    expect([look.statusCode, entered.statusCode]).toEqual([200, 303])
  })
})

describe('a session', () => {
  it('is a cookie that no script, no other host and no clear line ever has, for an hour', async () => {
    const { app, of, clock } = await aFurnishedPortal()

    const url = await addressOf(app, of)
    const { cookies } = await app.inject({ method: 'POST', url })
    const cookie = `${session}=${cookies[0]!.value}`
    clock.advance(60 * minute - 1)
    const before = await app.inject({ url: '/portal', headers: { cookie } })
    clock.advance(1)
    const after = await app.inject({ url: '/portal', headers: { cookie } })

    expect(cookies).toEqual([
      expect.objectContaining({
        name: session,
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
        path: '/',
        maxAge: 60 * 60,
      }),
    ])
    expect(cookies[0]).not.toHaveProperty('domain')
    expect([before.statusCode, after.statusCode]).toEqual([200, 401])
  })

  const by = { actor: 'cli', at: 1 }
  type Rooms = Awaited<ReturnType<typeof aFurnishedPortal>>
  const ends: [string, (rooms: Rooms) => Promise<unknown>][] = [
    [
      'its key is revoked',
      ({ app, of }) => app.store.changeKey(of.apiKey, { kind: 'revoked' }, by),
    ],
    [
      'its key gets another secret',
      ({ app, of, clock }) =>
        rotateApiKey(
          app,
          { apiKey: of.apiKey, previousUntil: clock.now() + minute },
          { ...by, at: clock.now() },
        ),
    ],
    [
      'its tenant is disabled',
      ({ app, acme }) => app.store.setTenantDisabled(acme.tenant.id, true, by),
    ],
    [
      'its site is being deleted',
      ({ app, acme: { tenant, site } }) => {
        const subject = { tenantId: tenant.id, subjectId: site.id, name: site.name }
        return app.store.startRemoval(
          { id: 'rem_1', kind: 'site', ...subject, withBridgeUsers: false },
          by,
        )
      },
    ],
    [
      'a copy is restored',
      async ({ app }) => {
        for (const { id } of await app.store.listSessions(0)) await app.store.endSession(id, by)
      },
    ],
  ]

  it.each(ends)('ends at once when %s, and so does an address', async (_what, end) => {
    const rooms = await aFurnishedPortal()
    const { app, of } = rooms
    const visitor = await aPortalVisitor(app, of)
    const address = await addressOf(app, of)
    const before = await visitor.get('/portal')

    await end(rooms)

    expect(before.statusCode).toBe(200)
    expect((await visitor.get('/portal')).statusCode).toBe(401)
    expect((await app.inject({ method: 'POST', url: address })).statusCode).toBe(404)
  })

  it('of a key that expires ends with it, and one of the command line with no key', async () => {
    const { app, acme, of, clock } = await aFurnishedPortal()
    const expiresAt = clock.now() + minute
    const { apiKey } = await aKey(app, acme.tenant, acme.site, { expiresAt })
    const [short, free] = [
      await aPortalVisitor(app, { ...of, apiKey }),
      await aPortalVisitor(app, { ...of, apiKey: null }),
    ]

    clock.advance(minute)

    expect((await short.get('/portal')).statusCode).toBe(401)
    expect((await free.get('/portal')).statusCode).toBe(200)
  })

  it('ends when its holder leaves, for every copy of the cookie', async () => {
    const { app, of } = await aFurnishedPortal()
    const visitor = await aPortalVisitor(app, of)
    const cookie = `${session}=${visitor.cookies.get(session)}`

    const left = await visitor.press('/portal', '/portal/leave')

    expect(left.statusCode).toBe(200)
    expect(visitor.cookies.size).toBe(0)
    expect((await app.inject({ url: '/portal', headers: { cookie } })).statusCode).toBe(401)
  })

  it('is in the tenant’s audit: which key offered it, who entered, looked and left', async () => {
    const { app, acme } = await aFurnishedPortal()
    const { tenant, site } = acme
    const key = await aKey(app, tenant, site, { label: 'ERP' })
    const visitor = await aPortalVisitor(app, {
      tenantId: tenant.id,
      siteId: site.id,
      apiKey: key.apiKey,
    })
    await visitor.get('/portal')
    await visitor.press('/portal', '/portal/leave')
    await app.auditCounter.flush()

    const rows = await app.store.listAudit({ tenantId: tenant.id, action: 'portal', limit: 9 })

    const who = `portal:${key.apiKey} (ERP)`
    expect(
      rows.map(({ actor, action, count }) => `${actor} ${action} ${count}`).toSorted(),
    ).toEqual([
      `${who} portal.ended 1`,
      `${who} portal.entered 1`,
      `${who} portal.visited 3`,
      'test portal.offered 1',
    ])
  })

  it('is none of the console’s, nor the console’s one of it', async () => {
    const { app, of } = await aFurnishedPortal({ env: { CONSOLE: 'true' } })
    const [operator, person] = [await aVisitor(app), await aPortalVisitor(app, of)]
    const as = (name: string, value: string | undefined) => ({
      headers: { cookie: `${name}=${value}` },
    })
    const ofPortal = person.cookies.get(session)
    const ofConsole = operator.cookies.get('__Host-bank-api-console')

    const crossed = [
      await app.inject({ url: '/console', ...as(session, ofPortal) }),
      await app.inject({ url: '/console', ...as('__Host-bank-api-console', ofPortal) }),
      await app.inject({ url: '/portal', ...as('__Host-bank-api-console', ofConsole) }),
      await app.inject({ url: '/portal', ...as(session, ofConsole) }),
    ]

    expect(crossed.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401])
  })
})

describe('a form', () => {
  it('does nothing without its own token, nor with that of another session', async () => {
    const { app, of } = await aFurnishedPortal()
    const [ann, eve] = [await aPortalVisitor(app, of), await aPortalVisitor(app, of)]
    const token = /name="_csrf" value="([^"]+)"/.exec((await eve.get('/portal')).body)![1]!
    await ann.get('/portal')

    const without = await ann.post('/portal/leave')
    const foreign = await ann.post('/portal/leave', { _csrf: token })
    const form = '__Host-bank-api-portal-form'
    ann.cookies.set(form, eve.cookies.get(form)!)
    const planted = await ann.post('/portal/leave', { _csrf: token })

    expect([without, foreign, planted].map(({ statusCode }) => statusCode)).toEqual([403, 403, 403])
    expect((await ann.get('/portal')).statusCode).toBe(200)
  })
})

test('a stranger meets the limit of callers without a key, also one who guesses addresses; a visitor does not', async () => {
  const { app, of } = await aFurnishedPortal({ env: { LIMIT_PER_ADDRESS: '4' } })
  const visitor = await aPortalVisitor(app, of)

  const strange = []
  for (const url of [
    '/portal',
    `/portal/enter/por_1.${'A'.repeat(43)}`,
    '/portal',
    '/portal',
    '/portal',
  ])
    strange.push((await app.inject({ url })).statusCode)
  const known = (await visitor.get('/portal')).statusCode

  expect(strange).toEqual([401, 404, 401, 401, 429])
  expect(known).toBe(200)
})

test('who looks at the same has a key’s number of pages in a minute together, however often they entered', async () => {
  const { app, acme, of, shop } = await aFurnishedPortal({ env: { LIMIT_PER_KEY: '2' } })
  const { apiKey } = acme.tenantKey
  const visitors = [
    await aPortalVisitor(app, of),
    await aPortalVisitor(app, of),
    await aPortalVisitor(app, { ...of, apiKey }),
  ]
  const ofSister = await aPortalVisitor(app, { ...of, siteId: shop.site.id, apiKey })

  const looks = []
  for (const visitor of visitors) looks.push((await visitor.get('/portal')).statusCode)

  expect(looks).toEqual([200, 200, 429])
  expect((await ofSister.get('/portal')).statusCode).toBe(200)
  const key = { as: acme.siteKey }
  expect((await callMethod(app, 'get_category', {}, key)).status).toBe(200)
})
