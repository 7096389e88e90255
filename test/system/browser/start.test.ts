import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type Gateway } from '../../support/in-process-gateway.ts'
import { isAbsent, look, startBrowser } from './look.ts'

const readers = [
  {
    name: 'phone',
    options: { locale: 'fr-FR', viewport: { width: 390, height: 700 }, colorScheme: 'light' },
    begin: 'Connecter une banque',
    waiting: 'En attente de votre validation…',
    finish: 'Terminer et aller à',
    end: 'Demo Bank est connectée',
    other: 'English',
    otherEnd: 'Demo Bank is connected',
    again: 'Encore une fois',
  },
  {
    name: 'desktop',
    options: { locale: 'en-GB', viewport: { width: 1280, height: 720 }, colorScheme: 'dark' },
    begin: 'Connect a bank now',
    waiting: 'Waiting for your approval…',
    finish: 'Finish and go to',
    end: 'Demo Bank is connected',
    other: 'Français',
    otherEnd: 'Demo Bank est connectée',
    again: 'Once more',
  },
] as const

describe.skipIf(isAbsent)('a developer’s start in a browser', () => {
  let browser: Browser
  let gateway: Gateway

  beforeAll(async () => {
    gateway = await startGateway()
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await gateway.close()
  })

  /** A visitor's page, what its browser complained of, and what it asked of strangers. */
  async function open(reader: (typeof readers)[number], more: object = {}) {
    const context = await browser.newContext({ ...reader.options, ...more })
    const page = await context.newPage()
    const odd: string[] = []
    page.on('console', (message) => odd.push(message.text()))
    page.on('request', (request) => {
      if (!request.url().startsWith('http://127.0.0.1:')) odd.push(request.url())
    })
    return { page, context, odd }
  }

  /** What there is to do is seen without scrolling. */
  async function expectInSight(page: Page, button: Locator): Promise<void> {
    await button.waitFor()
    const box = (await button.boundingBox())!
    expect(box.y + box.height).toBeLessThanOrEqual(page.viewportSize()!.height)
  }

  const next = (page: Page) => page.locator('form button').first()

  test.each(readers)('walks the whole flow from / to the accounts, on a $name', async (reader) => {
    const { page, context, odd } = await open(reader)
    const { name } = reader
    const picture = (what: string) => look(page, `${name}-start-${what}`)

    await page.goto(gateway.origin)
    const begin = page.getByRole('button', { name: reader.begin })
    await expectInSight(page, begin)
    await picture('front')
    await begin.click()

    // The bank is chosen already; a login fills the form.
    await expectInSight(page, next(page))
    await picture('login')
    await page.locator('.logins a', { hasText: 'app2app' }).first().click()
    expect(await page.locator('input[name=login]').inputValue()).toBe('app2app')
    await expectInSight(page, next(page))
    await picture('login-filled')
    await page.keyboard.press('Enter')

    await page.getByText(reader.waiting).waitFor()
    await expectInSight(page, next(page))
    await picture('waiting')
    const finish = page.getByRole('button', { name: reader.finish })
    await expectInSight(page, finish)
    expect(await finish.innerText()).toContain(new URL(gateway.origin).host)
    await picture('connected')
    await finish.click()

    await page.getByRole('heading', { name: reader.end, level: 1 }).waitFor()
    expect(page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/demo\?request=/)
    expect(await page.locator('.rows').first().locator('li').count()).toBe(12)
    expect(await page.locator('.rows').last().locator('li').count()).toBe(8)
    await picture('end')
    await page.getByRole('link', { name: reader.other }).click()
    await page.getByRole('heading', { name: reader.otherEnd, level: 1 }).waitFor()
    await page.goBack()
    await page.getByRole('button', { name: reader.again }).click()
    await expectInSight(page, next(page))

    expect(odd).toEqual([])
    expect(await context.cookies()).toEqual([])
    await context.close()
  })

  test.each(readers)(
    'ends on the same page by a link that a command asked for, on a $name',
    async (reader) => {
      const { page, context, odd } = await open(reader, { javaScriptEnabled: false })
      const order = { user: 'me@example.com', redirect_url: `${gateway.origin}/demo` }
      const { url } = await gateway.link({ ...order, bank: 'Demo Bank' })

      await page.goto(url)
      await page.locator('.logins a', { hasText: 'success' }).first().click()
      await next(page).click()
      await page.getByRole('button', { name: reader.finish }).click()

      await page.getByRole('heading', { name: reader.end, level: 1 }).waitFor()
      expect(odd).toEqual([])
      await context.close()
    },
  )

  test.each(readers)('comes back without a bank, on a $name', async (reader) => {
    const { page, context, odd } = await open(reader)
    await page.goto(gateway.origin)
    await page.getByRole('button', { name: reader.begin }).click()

    await page.getByRole('link', { name: /^(Leave|Quitter)$/ }).click()

    await page.getByText('bank_creds_form').waitFor()
    await look(page, `${reader.name}-start-left`)
    await page.getByRole('link', { name: /start|début/ }).click()
    await expectInSight(page, page.getByRole('button', { name: reader.begin }))
    expect(odd).toEqual([])
    await context.close()
  })

  test.each(readers)(
    'shows the banks when none was named, those that connect first, on a $name',
    async (reader) => {
      const { page, context, odd } = await open(reader)
      const { url } = await gateway.link({ bank: undefined, user: 'other@example.com' })

      await page.goto(url)
      await expectInSight(page, next(page))
      await look(page, `${reader.name}-start-banks`)

      expect(await page.locator('button:not(:disabled)').allInnerTexts()).toEqual([
        expect.stringMatching(/^Demo Bank/) as string,
      ])
      expect(odd).toEqual([])
      await context.close()
    },
  )
})
