import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { renewalToken } from '../../../src/connect/renewal-token.ts'
import { aConnectedBank, bridgeTime, testApp } from '../../support/app.ts'
import { startGateway } from '../../support/in-process-gateway.ts'
import { aRequest, anAnnouncement, aTenant, itemFacts, testBy } from '../../support/tenants.ts'
import { isAbsent, look, startBrowser } from './look.ts'

const day = 24 * 60 * 60_000

const readers = [
  { name: 'phone-light-fr', locale: 'fr-FR', colorScheme: 'light', width: 390 },
  { name: 'phone-dark-en', locale: 'en-GB', colorScheme: 'dark', width: 390 },
  { name: 'desktop-light-en', locale: 'en-GB', colorScheme: 'light', width: 1280 },
  { name: 'desktop-dark-fr', locale: 'fr-FR', colorScheme: 'dark', width: 1280 },
] as const

/** Every page that we serve at an address of its own, and the status that it comes with. */
async function everyPage() {
  const made = await testApp()
  const { app, clock } = made
  await app.listen({ host: '127.0.0.1', port: 0 })
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const { site } = await aTenant(app, { sites: ['comptabilite.atelier-dupont.example'] })
  await app.store.updateSite(site.id, { origin: 'https://erp.acme.test' }, testBy)

  const bankFor = async (name: string, consentEnd: number) => {
    const item = { authentication_expires_at: bridgeTime(consentEnd) }
    const bank = await aConnectedBank(made, site, { user: name, item })
    const token = renewalToken(app.keyring, { itemId: bank.itemId, consentEnd })
    return { ...bank, token }
  }
  /** A visit to renew that ended so. */
  const visit = async (name: string, state: 'completed' | 'failed' | 'pending') => {
    const bank = await bankFor(name, clock.now() + 90 * day)
    const about = { managedItemId: bank.itemId, bank: 'Crédit Coopératif' }
    const request = await aRequest(app, bank.user, about)
    if (state === 'failed') await app.store.changeRequest(request, { kind: 'left', step: null })
    if (state === 'completed') {
      const end = clock.now() + 180 * day
      const item = itemFacts({ id: bank.itemId, authenticationExpiresAt: end })
      const outcome = { state, step: null, item, at: clock.now() }
      await app.store.settleRequest(request, outcome, anAnnouncement(app, bank.user))
    }
    return request
  }
  const bank = await bankFor('offer@acme.test', clock.now() + 20 * day)
  const old = await bankFor('old@acme.test', clock.now() - 20 * day)
  const often = await bankFor('often@acme.test', clock.now() + 20 * day)
  const renewed = await bankFor('renewed@acme.test', clock.now() + 20 * day)
  const facts = itemFacts({ id: renewed.itemId, authenticationExpiresAt: clock.now() + 180 * day })
  await app.store.keepItems(renewed.user.id, [facts], { at: clock.now(), complete: false })
  const late = await aRequest(app, bank.user, { expiresAt: clock.now() })
  for (let count = 0; count < 5; count += 1) {
    await app.inject({ method: 'POST', url: `/renew/${often.token}` })
  }

  const pages = [
    ['renew', 200, `/renew/${bank.token}`],
    ['renew-expired', 410, `/renew/${old.token}`],
    ['renew-over', 410, `/renew/${renewed.token}`],
    ['renew-unknown', 404, '/renew/nothing'],
    ['renewed', 200, `/renewed?request=${await visit('worked@acme.test', 'completed')}`],
    ['renewed-failed', 200, `/renewed?request=${await visit('failed@acme.test', 'failed')}`],
    ['renewed-pending', 200, `/renewed?request=${await visit('pending@acme.test', 'pending')}`],
    ['renewed-unknown', 200, '/renewed'],
    ['callback-unknown', 404, '/bridge/callback?context=nobody'],
    ['callback-expired', 410, `/bridge/callback?context=${late}`],
    ['docs', 200, '/docs'],
  ] as const
  return { origin, pages, often: `/renew/${often.token}` }
}

describe.skipIf(isAbsent)('our pages in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  /** A page of a reader's, and what its browser complained of. */
  async function open({ locale, colorScheme, width }: (typeof readers)[number]) {
    const options: BrowserContextOptions = { locale, colorScheme }
    const context = await browser.newContext({ ...options, viewport: { width, height: 844 } })
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      // The status of the page itself is told as an error too.
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
        complaints.push(message.text())
    })
    return { page, context, complaints }
  }

  test.each(readers)(
    'have nothing serious against anybody, load nothing and keep to their policy ($name)',
    async (reader) => {
      const { origin, pages, often } = await everyPage()
      const { page, context, complaints } = await open(reader)
      const elsewhere: string[] = []
      page.on('request', (request) => {
        if (new URL(request.url()).origin !== origin) elsewhere.push(request.url())
      })

      for (const [name, status, path] of pages) {
        const answer = await page.goto(origin + path)
        expect(answer?.status(), name).toBe(status)
        for (const one of await page.locator('main > details').all()) await one.click()
        await look(page, `${reader.name}-${name}`)
      }
      await page.goto(origin + often)
      await page.getByRole('button').click()
      await look(page, `${reader.name}-renew-limited`)

      expect(complaints).toEqual([])
      expect(elsewhere).toEqual([])
      expect(await context.cookies()).toEqual([])
    },
  )

  test('show a name that is meant to be markup as the text that it is', async () => {
    const made = await testApp()
    const { app, clock } = made
    await app.listen({ host: '127.0.0.1', port: 0 })
    const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    const names = [
      '"><img src=x onerror=alert(1)>',
      `'--></title></dd><script>alert(1)</script>`,
      '&lt;b&gt;',
    ]
    const { sites } = await aTenant(app, { sites: names })
    const { page, complaints } = await open(readers[2])
    const alerts: string[] = []
    page.on('dialog', (dialog) => {
      alerts.push(dialog.message())
      void dialog.dismiss()
    })

    for (const [index, name] of names.entries()) {
      const consentEnd = clock.now() + 20 * day
      const { itemId, user } = await aConnectedBank(made, sites[index]!)
      const facts = itemFacts({
        id: itemId,
        authenticationExpiresAt: consentEnd,
        providerName: name,
      })
      await app.store.keepItems(user.id, [facts], { at: clock.now(), complete: false })
      const request = await aRequest(app, user, { managedItemId: itemId, bank: name })

      for (const path of [
        `/renew/${renewalToken(app.keyring, { itemId, consentEnd })}`,
        `/renewed?request=${request}`,
      ]) {
        await page.goto(origin + path)
        expect((await page.locator('dd').allInnerTexts()).slice(0, 2)).toEqual([name, name])
        expect(await page.locator('img, script, b').count()).toBe(0)
      }
    }
    expect([...alerts, ...complaints]).toEqual([])
  })

  test.each(readers)(
    'of the sandbox have nothing serious against anybody ($name)',
    async (reader) => {
      const gateway = await startGateway()
      onTestFinished(() => gateway.close())
      const { page, complaints } = await open(reader)
      const shoot = (what: string) => look(page, `${reader.name}-connect-${what}`)
      const { url } = await gateway.link({ user: `${reader.name}@example.com`, bank: undefined })
      const next = () => page.locator('form button').first().click()
      const signIn = async (login: string) => {
        await page.locator('input[name=login]').fill(login)
        await page.locator('input[name=password]').fill('any')
        await next()
      }

      await page.goto(url)
      await shoot('banks')
      await page.getByRole('button', { name: 'Demo Bank' }).click()
      await shoot('login')
      await signIn('402')
      await page.getByRole('alert').waitFor()
      await shoot('refused')
      await signIn('1003')
      await page.getByRole('heading', { name: /not succeed|pas abouti/ }).waitFor()
      await shoot('failed')
      await next()
      await signIn('otp')
      await page.locator('input[name=code]').waitFor()
      await shoot('code')
      await page.locator('input[name=code]').fill('1')
      await next()
      await page.getByRole('button', { name: /Finish|Terminer/ }).waitFor()
      await shoot('accounts')
      await page.goto(url.replace(/[^/]+$/, 'unknown'))
      await shoot('unknown')

      expect(complaints).toEqual([])
    },
  )
})
