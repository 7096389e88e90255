import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { freePort } from '../../support/free-port.ts'
import { addressOf } from '../../support/portal.ts'
import { aTenant, aUser, anAnnouncement, itemFacts } from '../../support/tenants.ts'
import { isAbsent, look, startBrowser } from './look.ts'

const hour = 60 * 60_000
const day = 24 * hour

const readers = [
  {
    name: 'phone',
    options: { locale: 'fr-FR', viewport: { width: 390, height: 800 }, colorScheme: 'light' },
    enter: 'Les afficher',
    connections: 'Connexions',
    renew: 'Renouveler',
    test: 'Envoyer un test',
    again: 'Renvoyer',
    leave: 'Sortir',
    closed: 'Cette page est fermée',
    sites: 'Sites',
    other: 'English',
    otherConnections: 'Connections',
  },
  {
    name: 'desktop',
    options: { locale: 'en-GB', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
    enter: 'Show them',
    connections: 'Connections',
    renew: 'Renew',
    test: 'Send a test',
    again: 'Send again',
    leave: 'Leave',
    closed: 'This page is closed',
    sites: 'Sites',
    other: 'Français',
    otherConnections: 'Connexions',
  },
] as const

describe.skipIf(isAbsent)('a site’s page in a browser', () => {
  let browser: Browser
  let app: FastifyInstance
  let origin: string
  let folder: string
  let of: Parameters<typeof addressOf>[1]
  let dead: string[]

  beforeAll(async () => {
    const port = await freePort()
    folder = mkdtempSync(join(tmpdir(), 'bank-api-'))
    const config = loadConfig({ DATA_DIR: folder, PORT: String(port), LOG_LEVEL: 'silent' })
    app = await buildApp({ config, database: ':memory:' })
    await app.listen({ host: '127.0.0.1', port })
    origin = config.publicUrl
    const { tenant, sites, siteKey } = await aTenant(app, {
      name: 'Atelier Dupont',
      sites: ['erp.dupont.example', 'boutique.dupont.example', 'entrepot.dupont.example'],
    })
    const [erp, shop] = sites
    of = { tenantId: tenant.id, siteId: erp!.id, apiKey: siteKey.apiKey }
    const at = app.clock.now()
    const by = { actor: 'test', at }
    for (const site of [erp!, shop!]) {
      const webhookUrl = `https://${site.name}/api/method/banking.webhook`
      await app.store.updateSite(site.id, { webhookUrl }, by)
    }
    const user = await aUser(app, erp!, { name: 'compta@dupont.example' })
    const items = [
      { id: 4_568_471, providerName: 'Crédit Agricole', authenticationExpiresAt: at - 3 * day, lastSuccessAt: at - 3 * day },
      { id: 4_568_472, providerName: 'BNP Paribas', authenticationExpiresAt: at + 9 * day, lastSuccessAt: at - 5 * hour },
      { id: 4_568_473, providerName: 'Qonto', status: 402, statusCodeInfo: 'wrong_credentials', authenticationExpiresAt: at + 70 * day, lastSuccessAt: at - 2 * day },
      { id: 4_568_474, providerName: 'Boursorama', authenticationExpiresAt: at + 150 * day, lastSuccessAt: at - 2 * hour },
      { id: 4_568_475, providerName: 'La Banque Postale', status: 1003, statusCodeInfo: 'bank_unreachable', authenticationExpiresAt: at + 120 * day, lastSuccessAt: at - 20 * hour },
      { id: 4_568_476, providerName: 'Société Générale', status: 1005, statusCodeInfo: 'account_closed', authenticationExpiresAt: at + 80 * day, lastSuccessAt: at - 40 * day },
    ] // prettier-ignore
    await app.store.keepItems(user.id, items.map(itemFacts), { at, complete: false })
    const other = await aUser(app, shop!, { name: 'eva' })
    await app.store.keepItems(
      other.id,
      [itemFacts({ id: 8, authenticationExpiresAt: at + 160 * day })],
      { at, complete: false },
    )
    const accept = async (type: string, itemId: number, ago: number, whose = user) => {
      const event = anAnnouncement(app, whose, { itemId, type, receivedAt: at - ago })
      const body = app.keyring.seal(`{"type":"${type}"}`, `events/${event.id}`)
      await app.store.acceptEvent({ ...event, body })
      return event.id
    }
    const end = async (kind: 'delivered' | 'dead', status: number, said: string) => {
      const lease = { at, by: 'srv_test', leaseUntil: at + 60_000, limit: 20 }
      for (const { id, attempt, site } of await app.store.claimDeliveries(lease)) {
        const response = app.keyring.seal(said, `deliveries/${id}`)
        const tried = { startedAt: at - 60_000, durationMs: 140, status, error: null, response }
        const endpoint = { webhookUrl: site.webhookUrl, status }
        await app.store.settleDelivery({ id, attempt, at, outcome: { kind }, try: tried, endpoint })
      }
    }
    await accept('connect.completed', 4_568_474, 6 * day)
    await accept('item.refreshed', 4_568_472, 30 * hour)
    await accept('consent.expiring', 4_568_472, 29 * hour, user)
    await accept('item.refreshed', 8, 2 * hour, other)
    await end('delivered', 200, '{"message":"ok"}')
    dead = [
      await accept('item.refreshed', 4_568_471, 5 * hour),
      await accept('item.refreshed', 4_568_473, 4 * hour),
    ]
    await end('dead', 502, '<html><title>502 Bad Gateway</title></html>')
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(readers)('is entered by a button, read and left, on a $name', async (reader) => {
    const context = await browser.newContext(reader.options)
    const page = await context.newPage()
    const odd: string[] = []
    page.on('console', (message) => odd.push(message.text()))
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    const heading = (name: string) => page.getByRole('heading', { name, exact: true })

    await page.goto(`${origin}${await addressOf(app, of)}`)
    await look(page, `${reader.name}-portal-login`)
    await button(reader.enter).click()
    await heading(reader.connections).waitFor()
    await look(page, `${reader.name}-portal-site`)
    await page.getByRole('link', { name: reader.renew }).first().click()
    await page.waitForURL(/\/renew\//)
    await page.goto(`${origin}/portal/event/${dead[readers.indexOf(reader)]}`)
    await page.locator('summary').first().click()
    await look(page, `${reader.name}-portal-event`)
    await button(reader.again).click()
    await page.getByRole('status').waitFor()
    await page.goto(`${origin}/portal`)
    await button(reader.test).click()
    await heading('webhook.test').waitFor()
    await look(page, `${reader.name}-portal-tested`)
    await page.goto(`${origin}/portal`)
    await page.getByRole('link', { name: reader.other }).click()
    await heading(reader.otherConnections).waitFor()
    await page.goto(`${origin}/portal?lang=${reader.options.locale.slice(0, 2)}`)
    await button(reader.leave).click()
    await heading(reader.closed).waitFor()
    await look(page, `${reader.name}-portal-closed`)
    await context.clearCookies()
    await page.goto(`${origin}${await addressOf(app, { ...of, siteId: null, apiKey: null })}`)
    await button(reader.enter).click()
    await heading(reader.sites).waitFor()
    await look(page, `${reader.name}-portal-sites`)

    expect(odd).toEqual([])
    await context.close()
  })

  test('whoever comes back by a link from elsewhere is still inside', async () => {
    const context = await browser.newContext({ locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(`${origin}${await addressOf(app, of)}`)
    await page.getByRole('button', { name: 'Show them' }).click()
    await page.waitForURL(`${origin}/portal`)
    await page.route('http://erp.example.test/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<a href="${origin}/portal">banks</a>` }),
    )

    await page.goto('http://erp.example.test/')
    await page.getByRole('link', { name: 'banks' }).click()

    await page.getByRole('heading', { name: 'Connections', exact: true }).waitFor()
    await context.close()
  })

  test('no other site gets its reader inside, does anything there, or has it in a frame', async () => {
    const context = await browser.newContext({ locale: 'en-GB' })
    const page = await context.newPage()
    const address = `${origin}${await addressOf(app, of)}`
    const evil = async (action: string, field = '') => {
      await page.route('http://evil.example.test/', (route) =>
        route.fulfill({
          contentType: 'text/html',
          body: `<form method="post" action="${action}">${field}<button>win</button></form>
            <iframe src="${origin}/portal"></iframe>`,
        }),
      )
      await page.goto('http://evil.example.test/')
      await page.getByRole('button', { name: 'win' }).click()
      await page.waitForURL(action)
      await page.unroute('http://evil.example.test/')
    }

    await evil(address)
    expect((await page.goto(`${origin}/portal`))?.status()).toBe(401)

    await page.goto(address)
    await page.getByRole('button', { name: 'Show them' }).click()
    await page.waitForURL(`${origin}/portal`)
    await evil(`${origin}/portal/leave`)
    await evil(`${origin}/portal/test`, '<input name="site" value="erp.dupont.example">')
    await page.goto(`${origin}/portal`)
    await page.getByRole('heading', { name: 'Connections', exact: true }).waitFor()

    await page.route('http://evil.example.test/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${origin}/portal"></iframe>` }),
    )
    await page.goto('http://evil.example.test/')
    await page.waitForTimeout(500)
    const frames = page.frames().filter((frame) => frame !== page.mainFrame())
    const shown = await Promise.all(frames.map((frame) => frame.content().catch(() => '')))
    expect(shown.join('')).not.toContain('dupont')
    await context.close()
  })
})
