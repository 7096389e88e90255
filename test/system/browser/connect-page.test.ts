import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type Gateway } from '../../support/in-process-gateway.ts'
import { isAbsent, look, startBrowser } from './look.ts'

const sizes = [
  { name: 'phone', locale: 'fr-FR', viewport: { width: 375, height: 720 } },
  { name: 'desktop', locale: 'en-GB', viewport: { width: 1280, height: 800 } },
] as const

describe.skipIf(isAbsent)('the Connect page in a browser', () => {
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

  describe.each(sizes)('on a $name', ({ name, locale, viewport }) => {
    /** Opens a new link and walks the page; the site's own page is answered here, as it does not exist. */
    async function visit(story: string, walk: (page: Page, picture: Picture) => Promise<void>) {
      const context = await browser.newContext({ locale, viewport })
      const page = await context.newPage()
      await page.route(`${gateway.siteOrigin}/**`, (route) => route.fulfill({ body: 'back' }))
      const user = `${story}.${name}@example.com`
      const link = await gateway.link({ user, bank: undefined })
      const picture = pictureTaker(page, `${name}-${story}`)
      await page.goto(link.url)
      await walk(page, picture)
      await page.waitForURL(`${gateway.siteOrigin}/**`)
      const landed = new URL(page.url())
      await context.close()
      return { landed, request: link.request }
    }

    const chooseBank = (page: Page) => page.getByRole('button', { name: 'Demo Bank' }).click()
    async function signIn(page: Page, login: string): Promise<void> {
      await page.locator('input[name=login]').fill(login)
      await page.locator('input[name=password]').fill('any')
      await page.locator('form button').first().click()
    }
    const finish = (page: Page) => page.getByRole('button', { name: /Finish|Terminer/ }).click()

    test('a user who signs in comes back with an item', async () => {
      const { landed, request } = await visit('success', async (page, picture) => {
        await picture('banks')
        await chooseBank(page)
        await page.locator('input[name=login]').waitFor()
        await picture('login')
        await signIn(page, 'success')
        await page.getByRole('button', { name: /Finish|Terminer/ }).waitFor()
        await picture('accounts')
        await finish(page)
      })

      expect(landed.searchParams.get('request')).toBe(request)
      expect(landed.searchParams.get('success')).toBe('true')
      const known = await gateway.call('get_bridge_item_id', { request })
      expect(known).toMatchObject({ item_id: Number(landed.searchParams.get('item_id')) })
    })

    test('a code that the bank asks for can be typed in', async () => {
      const { landed } = await visit('otp', async (page, picture) => {
        await chooseBank(page)
        await signIn(page, 'otp')
        await page.locator('input[name=code]').waitFor()
        await picture('code')
        await page.locator('input[name=code]').fill('123456')
        await page.locator('form button').first().click()
        await finish(page)
      })

      expect(landed.searchParams.get('success')).toBe('true')
    })

    test('wrong credentials can be corrected', async () => {
      const { landed } = await visit('retry', async (page, picture) => {
        await chooseBank(page)
        await signIn(page, '402')
        await page.getByRole('alert').waitFor()
        await picture('refused')
        await signIn(page, 'success')
        await finish(page)
      })

      expect(landed.searchParams.get('success')).toBe('true')
    })

    test('a user who leaves half-way comes back without an item, and is told where they left', async () => {
      const { landed, request } = await visit('leave', async (page) => {
        await chooseBank(page)
        await page.locator('input[name=login]').waitFor()
        await page.getByRole('link', { name: /Leave|Quitter/ }).click()
      })

      expect(landed.searchParams.get('success')).toBe('false')
      expect(landed.searchParams.get('step')).toBe('bank_creds_form')
      const known = await gateway.call('get_bridge_item_id', { request })
      expect(known).toMatchObject({ item_id: null, success: false, step: 'bank_creds_form' })
    })
  })
})

type Picture = (what: string) => Promise<void>

function pictureTaker(page: Page, story: string): Picture {
  let count = 0
  return async (what) => {
    count += 1
    await look(page, `${story}-${count}-${what}`)
  }
}
