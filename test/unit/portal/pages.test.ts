import { describe, expect, it } from 'vitest'
import { textOf } from '../../support/console-rooms.ts'
import { aFurnishedPortal, aPortalVisitor } from '../../support/portal.ts'
import { aUser, anAnnouncement, itemFacts } from '../../support/tenants.ts'

const day = 24 * 60 * 60_000

describe('a site’s page', () => {
  it('shows its connections, each with its state, how fresh it is and what to do', async () => {
    const { app, of, erp, clock } = await aFurnishedPortal()
    const at = clock.now()
    const items = [
      {
        id: 1,
        status: 402,
        statusCodeInfo: 'wrong_credentials',
        authenticationExpiresAt: at + 90 * day,
      },
      { id: 2, status: 1005, authenticationExpiresAt: at + 90 * day },
      { id: 3, status: 1003, authenticationExpiresAt: at + 90 * day },
      { id: 4, authenticationExpiresAt: at - 15 * day },
      { id: 5, status: 1010, authenticationExpiresAt: null },
      // Known from events alone, it may well have been connected.
      {
        id: 7,
        status: 402,
        statusCodeInfo: 'told',
        authenticationExpiresAt: null,
        providerId: null,
      },
      { id: 6, authenticationExpiresAt: at + 90 * day, lastSuccessAt: at - 3 * 60 * 60_000 },
    ]
    await app.store.keepItems(erp.user.id, items.map(itemFacts), { at, complete: false })
    const visitor = await aPortalVisitor(app, of)

    const page = textOf((await visitor.get('/portal')).body)

    expect(page).toContain('asks for you 402 wrong_credentials')
    expect(page).toContain('asks for you 402 told')
    expect(page).toContain('cannot be used 1005')
    expect(page).toContain('waits 1003')
    expect(page).toMatch(/was never connected 1010 \S* ?– – The login at the bank did not succeed/)
    expect(page).toMatch(/has ended.*Your accounting site opens the bank’s page/)
    expect(page).toContain('ends soon')
    expect(page).toMatch(/works 3 hours ago/)
  })

  it('shows where webhooks go, and nothing of a secret that the address may hold', async () => {
    const { app, of, erp, clock } = await aFurnishedPortal()
    const webhookUrl = 'https://erp.acme.test/hook?token=s3cret&for=bank'
    await app.store.updateSite(erp.site.id, { webhookUrl }, { actor: 'test', at: clock.now() })
    const visitor = await aPortalVisitor(app, of)

    const { body } = await visitor.get('/portal')

    expect(textOf(body)).toContain('https://erp.acme.test/hook?…')
    expect(body).not.toContain('s3cret')
  })

  it('has a button that leads to the page that renews the connection', async () => {
    const { app, of } = await aFurnishedPortal()
    const visitor = await aPortalVisitor(app, of)

    const { body } = await visitor.get('/portal')
    const [, path] = /href="(\/renew\/[\w-]+)"/.exec(body) ?? []
    const renewal = await visitor.get(path!)

    expect(renewal.statusCode).toBe(200)
    expect(textOf(renewal.body)).toContain('Demo Bank')
  })

  it('has its events, the newest first, part by part, and says how its endpoint fares', async () => {
    const { app, of, erp, clock } = await aFurnishedPortal()
    for (let n = 0; n < 30; n += 1) {
      clock.advance(1_000)
      await app.store.acceptEvent({ ...anAnnouncement(app, erp.user), type: `test.number_${n}` })
    }
    const visitor = await aPortalVisitor(app, of)

    const first = await visitor.get('/portal')
    const [, older] = /href="([^"]*after=[^"]*)"/.exec(first.body) ?? []
    const second = await visitor.get(older!.replaceAll('&amp;', '&'))

    const numbers = (body: string) =>
      [...body.matchAll(/test\.number_(\d+)/g)].map(([, n]) => Number(n))
    expect(numbers(first.body)).toEqual(Array.from({ length: 20 }, (_, n) => 29 - n))
    expect(numbers(second.body)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    expect(textOf(second.body)).toContain('item.refreshed Demo Bank 77')
    expect(textOf(first.body)).toMatch(/State fails \d+ seconds? ago/)
  })

  it('is small with the longest names and full lists, and of a tenant’s sites too', async () => {
    const { app, of, ofTenant, acme, erp, clock } = await aFurnishedPortal()
    const long = (n: number) => `${n}-${'<w&>'.repeat(34)}`
    const at = clock.now()
    for (let n = 0; n < 30; n += 1) {
      const user = await aUser(app, erp.site, { name: long(n) })
      const facts = itemFacts({
        id: 1_000 + n,
        status: 402,
        providerName: long(n),
        authenticationExpiresAt: at + day,
      })
      await app.store.keepItems(user.id, [facts], { at, complete: false })
      await app.store.acceptEvent(anAnnouncement(app, user))
      const name = long(n)
      const id = `sit_long${n}`
      await app.store.ensureSite(
        { id, tenantId: acme.tenant.id, name, webhookSecret: Buffer.from('x') },
        { actor: 'test', at },
      )
    }

    for (const whose of [of, ofTenant]) {
      const visitor = await aPortalVisitor(app, whose)
      const { body } = await visitor.get('/portal')
      expect(Buffer.byteLength(body)).toBeLessThan(60 * 1024)
      expect(body).not.toContain('<w&>')
    }
  })

  it('writes nothing into the page that somebody named, but as text', async () => {
    const { app, of, erp, clock } = await aFurnishedPortal()
    const evil = '"><script>alert(1)</script>\u202Eevil'
    const at = clock.now()
    const user = await aUser(app, erp.site, { name: evil })
    const facts = itemFacts({ id: 9, providerName: evil, statusCodeInfo: evil, status: 402 })
    await app.store.keepItems(user.id, [facts], { at, complete: false })
    await app.store.acceptEvent({ ...anAnnouncement(app, user), type: evil })
    const visitor = await aPortalVisitor(app, of)

    const { body, headers } = await visitor.get('/portal')

    expect(body).not.toMatch(/<script|\u202E/)
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(headers['content-security-policy']).not.toContain('unsafe')
    expect(headers['x-frame-options']).toBe('DENY')
  })
})

describe('an event’s page', () => {
  it('shows its tries and what the site answered, and sends it again', async () => {
    const { app, of, erp } = await aFurnishedPortal()
    const visitor = await aPortalVisitor(app, of)
    const path = `/portal/event/${erp.event.id}`

    const before = await visitor.get(path)
    const pressed = await visitor.press(path, `${path}/replay`)
    const after = await visitor.get(pressed.headers.location!)

    expect(textOf(before.body)).toContain('given up')
    expect(before.body).toContain('it said &lt;no&gt; to erp.acme.test')
    expect(pressed.statusCode).toBe(303)
    expect(textOf(after.body)).toContain('On their way again: 1.')
    expect((await app.store.findDelivery(erp.event.id))?.state).toBe('pending')
    const [row] = await app.store.listAudit({ action: 'webhook.replayed', limit: 1 })
    expect(row).toMatchObject({ actor: `portal:${of.apiKey}`, subject: 'erp.acme.test' })
  })

  it('of a test shows what came of it at once', async () => {
    const { app, of, erp } = await aFurnishedPortal()
    const visitor = await aPortalVisitor(app, of)

    const pressed = await visitor.press('/portal', '/portal/test')
    const page = textOf((await visitor.get(pressed.headers.location!)).body)

    expect(page).toContain('webhook.test')
    expect(page).toContain('A test was sent')
    const [row] = await app.store.listAudit({ action: 'endpoint.tested', limit: 1 })
    expect(row).toMatchObject({ actor: `portal:${of.apiKey}`, subject: erp.site.name })
  })

  it('acts are bounded by the day', async () => {
    const { app, of, erp } = await aFurnishedPortal()
    const visitor = await aPortalVisitor(app, of)
    for (let n = 0; n < 500; n += 1) app.limits.siteActs.take(erp.site.id)

    const path = `/portal/event/${erp.event.id}`
    const pressed = await visitor.press(path, `${path}/replay`)

    expect(pressed.statusCode).toBe(429)
    expect((await app.store.findDelivery(erp.event.id))?.state).toBe('dead')
  })
})

it('a tenant’s page lists its sites, the worst first, and leads to each', async () => {
  const { app, ofTenant, shop, clock } = await aFurnishedPortal()
  const facts = itemFacts({ id: 1, status: 402, authenticationExpiresAt: clock.now() + 90 * day })
  await app.store.keepItems(shop.user.id, [facts], { at: clock.now(), complete: false })
  const visitor = await aPortalVisitor(app, ofTenant)

  const sites = await visitor.get('/portal')
  const site = await visitor.get('/portal?site=shop.acme.test')
  const event = await visitor.get(`/portal/event/${shop.event.id}`)

  expect(textOf(sites.body)).toMatch(/erp\.acme\.test 1 needs attention webhooks fail/)
  expect(textOf(site.body)).toContain('Sister Bank')
  expect(event.statusCode).toBe(200)
})

it('speaks French to who reads French, and keeps to what was chosen on a page', async () => {
  const { app, of } = await aFurnishedPortal()
  const visitor = await aPortalVisitor(app, of)

  const french = await visitor.get('/portal', { 'accept-language': 'fr' })
  await visitor.get('/portal?lang=fr')
  const kept = await visitor.get('/portal')

  for (const { body } of [french, kept]) {
    expect(body).toContain('<html lang="fr">')
    expect(textOf(body)).toMatch(/Connexions.*expire bientôt.*Renouveler/)
  }
})
