import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp, startSandbox, type RunningSandbox } from '../../../src/app.ts'
import { createMovableClock, type MovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { renewalToken } from '../../../src/connect/renewal-token.ts'
import { callMethod } from '../../support/app.ts'
import { freePort } from '../../support/free-port.ts'
import { aTenant } from '../../support/tenants.ts'
import { isAbsent, look, startBrowser } from './look.ts'

const day = 24 * 60 * 60_000
const siteOrigin = 'http://erp.example.test'

const sizes = [
  {
    name: 'phone',
    locale: 'fr-FR',
    viewport: { width: 360, height: 720 },
    button: 'Continuer vers ma banque',
    title: 'Renouvelez l’accès à votre banque',
    over: 'Déjà renouvelé',
    other: 'English',
  },
  {
    name: 'desktop',
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    button: 'Continue to my bank',
    title: 'Renew the access to your bank',
    over: 'Already renewed',
    other: 'Français',
  },
] as const

describe.skipIf(isAbsent)('the renewal page in a browser', () => {
  let browser: Browser
  let app: FastifyInstance
  let sandbox: RunningSandbox
  let clock: MovableClock
  let origin: string
  let folder: string
  let connect: (user: string) => Promise<number>

  beforeAll(async () => {
    const port = await freePort()
    folder = mkdtempSync(join(tmpdir(), 'bank-api-'))
    const env = { DATA_DIR: folder, PORT: String(port), SANDBOX_PORT: '0' }
    const config = loadConfig({ ...env, LOG_LEVEL: 'silent' })
    clock = createMovableClock()
    sandbox = await startSandbox(config, clock)
    app = await buildApp({ config, database: ':memory:', clock, sandbox })
    await app.listen({ host: '127.0.0.1', port })
    origin = config.publicUrl
    const { siteKey } = await aTenant(app)
    connect = async (user) => {
      const order = { redirect_url: `${siteOrigin}/app/bank`, bank: 'Demo Bank', user }
      const { message: link } = await callMethod(app, 'get_bridge_connect_link', order, {
        as: siteKey,
      })
      const answers = { login: 'success', password: 'any' }
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(answers)
      const end = await fetch(link.url, { method: 'POST', redirect: 'manual', headers, body })
      await fetch(end.headers.get('location')!, { redirect: 'manual' })
      const { request } = link
      const { message } = await callMethod(app, 'get_bridge_item_id', { request }, { as: siteKey })
      return message.item_id as number
    }
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
    await sandbox.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(sizes)('leads through the bank back to the site, on a $name', async (size) => {
    const itemId = await connect(`${size.name}@example.com`)
    const { item } = (await app.store.listConnections({ id: itemId }))[0]!
    const consentEnd = item.authenticationExpiresAt!
    clock.advance(160 * day)
    const link = `${origin}/renew/${renewalToken(app.keyring, { itemId, consentEnd })}`
    const { locale, viewport } = size
    const context = await browser.newContext({ locale, viewport })
    const page = await context.newPage()
    await page.route(`${siteOrigin}/**`, (route) => route.fulfill({ body: 'back' }))

    await page.goto(link)
    await page.getByRole('heading', { name: size.title }).waitFor()
    await look(page, `${size.name}-renew`)
    await page.getByRole('link', { name: size.other }).click()
    await page.getByRole('link', { name: size.other }).waitFor({ state: 'detached' })
    await look(page, `${size.name}-renew-other-language`)
    await page.goto(link)
    await page.getByRole('button', { name: size.button }).click()
    await page.locator('input[name=code]').fill('123456')
    await page.locator('form button').first().click()
    await page.getByRole('button', { name: /Finish|Terminer/ }).click()
    await page.waitForURL(`${siteOrigin}/**`)

    const landed = new URL(page.url())
    expect(landed.pathname).toBe('/app/bank')
    expect(landed.searchParams.get('success')).toBe('true')
    expect(landed.searchParams.get('item_id')).toBe(String(itemId))
    await page.goto(link)
    await page.getByRole('heading', { name: size.over }).waitFor()
    await look(page, `${size.name}-renewed`)
    await context.close()
  })

  test('can be read in the dark and pressed with the keyboard alone', async () => {
    const itemId = await connect('dark@example.com')
    const { item } = (await app.store.listConnections({ id: itemId }))[0]!
    const token = renewalToken(app.keyring, { itemId, consentEnd: item.authenticationExpiresAt! })
    const context = await browser.newContext({ colorScheme: 'dark', locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(`${origin}/renew/${token}`)
    await look(page, 'dark-renew')

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')

    await page.waitForURL(`${sandbox.origin}/**`)
    await context.close()
  })
})
