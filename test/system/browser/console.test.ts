import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { offerLogin } from '../../../src/console/session.ts'
import { freePort } from '../../support/free-port.ts'
import { anAnnouncement, aRequest, aTenant, aUser, itemFacts } from '../../support/tenants.ts'
import { isAbsent, look, startBrowser } from './look.ts'

const day = 24 * 60 * 60_000

const readers = [
  {
    name: 'phone',
    options: { locale: 'fr-FR', viewport: { width: 390, height: 800 }, colorScheme: 'light' },
    enter: 'Entrer',
    overview: 'Vue d’ensemble',
    leave: 'Sortir',
    closed: 'La console est fermée',
    other: 'English',
    otherOverview: 'Overview',
  },
  {
    name: 'desktop',
    options: { locale: 'en-GB', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
    enter: 'Enter',
    overview: 'Overview',
    leave: 'Leave',
    closed: 'The console is closed',
    other: 'Français',
    otherOverview: 'Vue d’ensemble',
  },
] as const

describe.skipIf(isAbsent)('the console in a browser', () => {
  let browser: Browser
  let app: FastifyInstance
  let origin: string
  let folder: string
  let paths: string[]

  beforeAll(async () => {
    const port = await freePort()
    folder = mkdtempSync(join(tmpdir(), 'bank-api-'))
    const config = loadConfig({ DATA_DIR: folder, PORT: String(port), LOG_LEVEL: 'silent' })
    app = await buildApp({ config, database: ':memory:' })
    await app.listen({ host: '127.0.0.1', port })
    origin = config.publicUrl
    const { sites } = await aTenant(app, {
      sites: ['erp.acme.test', `${'a-very-long-name-of-a-site'.repeat(4)}.test`, 'new.acme.test'],
    })
    const user = await aUser(app, sites[0]!, { name: 'ann@acme.test' })
    const at = app.clock.now()
    await app.store.keepItems(
      user.id,
      [
        ...[3, 40, 100, 101, 170].map((days) =>
          itemFacts({ id: 1_000 + days, authenticationExpiresAt: at + days * day }),
        ),
        itemFacts({ id: 2_000, status: 402, statusCodeInfo: 'wrong_credentials' }),
      ],
      { at, complete: false },
    )
    const event = anAnnouncement(app, user, { itemId: 1_003 })
    const body = app.keyring.seal('{}', `events/${event.id}`)
    await app.store.acceptEvent({ ...event, body })
    const request = await aRequest(app, user)
    await app.store.addCalls([
      {
        id: 'req_seen',
        at,
        method: 'bank_api.bridge.get_bank_accounts',
        status: 200,
        excType: null,
        refusal: null,
        durationMs: 120,
        tenantId: user.siteId,
        siteId: user.siteId,
        apiKey: null,
        request: null,
        itemId: 1_003,
        bridge: [{ call: 'GET /v3/aggregation/accounts', status: 200, ms: 80 }],
      },
    ])
    paths = [
      'events',
      'calls',
      'item/1003',
      `event/${event.id}`,
      `request/${request}`,
      `user/${user.id}`,
      `site/${user.siteId}`,
      'call/req_seen',
      'search?q=ann',
    ]
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const login = async () => {
    const { token } = await offerLogin(app, 'anne', { actor: 'cli', at: app.clock.now() })
    return `${origin}/console/login/${token}`
  }

  test.each(readers)('is entered by a button, read and left, on a $name', async (reader) => {
    const context = await browser.newContext(reader.options)
    const page = await context.newPage()
    const odd: string[] = []
    // A search that finds nothing is a 404, which Chromium tells too.
    page.on('console', (message) => {
      if (!message.text().includes('404')) odd.push(message.text())
    })

    await page.goto(await login())
    await look(page, `${reader.name}-console-login`)
    await page.getByRole('button', { name: reader.enter }).click()
    await page.getByRole('heading', { name: reader.overview, level: 1 }).waitFor()
    await look(page, `${reader.name}-console-overview`)
    for (const path of paths) {
      await page.goto(`${origin}/console/${path}`)
      await look(page, `${reader.name}-console-${path.replaceAll(/\W+/g, '-')}`)
    }
    await page.goto(`${origin}/console`)
    await page.getByRole('link', { name: reader.other }).click()
    await page.getByRole('heading', { name: reader.otherOverview, level: 1 }).waitFor()
    await page.goto(`${origin}/console`)
    await page.getByRole('heading', { name: reader.otherOverview, level: 1 }).waitFor()
    await page
      .getByRole('link', { name: reader.overview === 'Overview' ? 'English' : 'Français' })
      .click()
    await page.getByRole('button', { name: reader.leave }).click()
    await page.getByRole('heading', { name: reader.closed }).waitFor()
    await look(page, `${reader.name}-console-closed`)

    expect(odd).toEqual([])
    expect((await page.goto(`${origin}/console`))?.status()).toBe(401)
    await context.close()
  })

  test('fields stand in one line, and a word that a phone has room for is not cut', async () => {
    const context = await browser.newContext({ locale: 'fr-FR' })
    const page = await context.newPage()
    await page.goto(await login())
    await page.getByRole('button', { name: 'Entrer' }).click()
    await page.waitForURL(`${origin}/console`)
    const heights = (selector: string) =>
      page.evaluate<number[]>(
        `[...document.querySelectorAll('${selector}')].map(({ offsetHeight }) => offsetHeight)`,
      )

    await page.goto(`${origin}/console/events`)
    const fields = await heights('.filter input, .filter select, .filter button')
    await page.goto(`${origin}/console/bank/574`)
    const [wide] = await heights('.tag')
    await page.setViewportSize({ width: 390, height: 800 })
    const narrow = await heights('.tag')

    expect(fields).toEqual(fields.map(() => 40))
    expect(narrow).toEqual(narrow.map(() => wide))
    await context.close()
  })

  test('whoever comes by a link from elsewhere is still inside', async () => {
    const context = await browser.newContext({ locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(await login())
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.waitForURL(`${origin}/console`)
    await page.route('http://chat.example.test/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<a href="${origin}/console">look</a>` }),
    )

    await page.goto('http://chat.example.test/')
    await page.getByRole('link', { name: 'look' }).click()

    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    await context.close()
  })

  test('a form of another site does nothing, though the browser sends what cookies it may', async () => {
    const context = await browser.newContext({ locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(await login())
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.waitForURL(`${origin}/console`)
    await page.route('http://evil.example.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${origin}/console/leave"><button>win</button></form>`,
      }),
    )

    await page.goto('http://evil.example.test/')
    await page.getByRole('button', { name: 'win' }).click()
    await page.waitForURL(`${origin}/console/leave`)

    await page.goto(`${origin}/console`)
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    await context.close()
  })
})
