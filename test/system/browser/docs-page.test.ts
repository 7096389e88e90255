import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createDemo } from '../../../src/demo/demo-key.ts'
import { testEnvironment } from '../../support/app.ts'
import { freePort } from '../../support/free-port.ts'
import { isAbsent, look, startBrowser } from './look.ts'

describe.skipIf(isAbsent)('/docs in a browser', () => {
  let browser: Browser
  let gateway: Awaited<ReturnType<typeof startOne>>

  async function startOne() {
    const folder = mkdtempSync(join(tmpdir(), 'bank-api-docs-'))
    const config = loadConfig({
      DATA_DIR: folder,
      PORT: String(await freePort()),
      SANDBOX_PORT: '0',
      LOG_LEVEL: 'silent',
    })
    const clock = createMovableClock()
    const sandbox = await startSandbox(config, clock)
    const app = await buildApp({ config, clock, sandbox })
    const demo = (await createDemo(app, config.publicUrl))!
    await app.listen({ host: config.host, port: config.port })
    const close = async (): Promise<void> => {
      await app.close()
      await sandbox.close()
      rmSync(folder, { recursive: true, force: true })
    }
    return { origin: config.publicUrl, demo, close }
  }

  beforeAll(async () => {
    gateway = await startOne()
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await gateway.close()
  })

  const phone = { viewport: { width: 390, height: 800 } }
  const desktop = { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' } as const

  async function open(options: BrowserContextOptions = phone, to = '/docs') {
    const context = await browser.newContext({ locale: 'en-GB', ...options })
    const page = await context.newPage()
    const elsewhere: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== gateway.origin) elsewhere.push(request.url())
    })
    page.on('console', (message) => {
      // Chromium tells of every refused call.
      if (message.type() === 'error' && !/status of 40\d/.test(message.text())) {
        complaints.push(message.text())
      }
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${gateway.origin}${to}`)
    return { page, elsewhere, complaints, close: () => context.close() }
  }

  const method = (page: Page, name: string) => page.locator(`details[id="${name}"]`)

  const unfold = async (page: Page, name: string) => {
    const entry = method(page, name)
    await entry.locator('summary').first().click()
    return entry
  }

  async function giveKey(page: Page): Promise<void> {
    await page.getByLabel('api_key').first().fill(gateway.demo.apiKey)
    await page.getByLabel('api_secret').first().fill(gateway.demo.apiSecret)
  }

  test('a person tries a call with the demo key and reads the answer', async () => {
    const { page, elsewhere, complaints, close } = await open()

    await giveKey(page)
    const link = await unfold(page, 'get_bridge_connect_link')
    await link.getByRole('button', { name: 'Fill in the example' }).click()
    await link.getByLabel('user', { exact: true }).fill('somebody@example.com')
    await link.getByLabel('account_types', { exact: true }).selectOption('payment')
    await link.getByRole('button', { name: 'Call' }).click()
    await link.locator('output', { hasText: '"request"' }).waitFor()
    const said = await link.locator('output').textContent()
    await look(page, 'docs-answer')

    expect(said).toMatch(/^200 {2}\d+ ms {2}req_/)
    expect(elsewhere).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  test('without a key it says so before the call, and shows the refusal', async () => {
    const { page, close } = await open()

    const accounts = await unfold(page, 'get_bank_accounts')
    const warned = await accounts.getByText('No key is set').isVisible()
    await accounts.getByRole('button', { name: 'Call' }).click()
    await accounts.locator('output', { hasText: 'PermissionError' }).waitFor()
    const said = await accounts.locator('output').textContent()
    await giveKey(page)
    const stillWarned = await accounts.getByText('No key is set').isVisible()

    const ping = await unfold(page, 'ping')
    expect(await ping.getByRole('button', { name: 'Call' }).isVisible()).toBe(true)
    expect(await ping.getByText('No key is set').count()).toBe(0)
    expect(warned).toBe(true)
    expect(said).toMatch(/^403/)
    expect(stillWarned).toBe(false)
    await close()
  })

  test('the start page leads here with the key, which does not stay in the address', async () => {
    const { page, complaints, close } = await open(phone, '/')
    await look(page, 'docs-from-start')
    await page.locator('a[href^="/docs"]').click()
    await page.getByText('Calls and samples use this key.').waitFor()

    const given = await page.getByLabel('api_key').first().inputValue()
    const address = page.url()
    await page.getByRole('link', { name: 'start page' }).click()
    await page.waitForURL(`${gateway.origin}/`)

    expect(given).toBe(gateway.demo.apiKey)
    expect(address).toBe(`${gateway.origin}/docs`)
    expect(complaints).toEqual([])
    await close()
  })

  test('the key survives a reload, is in the samples, and is forgotten with a click or the tab', async () => {
    const { page, close } = await open()
    await giveKey(page)
    await page.reload()

    const accounts = await unfold(page, 'get_bank_accounts')
    const kept = await page.getByLabel('api_key').first().inputValue()
    const sample = await accounts.locator('pre.curl').textContent()
    const beyond = await page.evaluate<number>('localStorage.length + document.cookie.length')
    const other = await page.context().newPage()
    await other.goto(`${gateway.origin}/docs`)
    const inOther = await other.getByLabel('api_key').first().inputValue()
    await page.getByRole('button', { name: 'Forget the key' }).click()
    const forgotten = await accounts.locator('pre.curl').textContent()
    await page.reload()

    expect(kept).toBe(gateway.demo.apiKey)
    expect(sample).toContain(`--user '${gateway.demo.apiKey}:${gateway.demo.apiSecret}'`)
    expect(beyond).toBe(0)
    expect(inOther).toBe('')
    expect(forgotten).toContain("--user 'API_KEY:API_SECRET'")
    expect(await page.getByLabel('api_key').first().inputValue()).toBe('')
    await close()
  })

  test('what is no key is said to be none, and goes nowhere', async () => {
    const { page, close } = await open()

    await page.getByLabel('api_key').first().fill("key'; rm -rf /; '")
    await page.getByLabel('api_secret').first().fill('x')
    const state = await page.locator('#state').textContent()
    const accounts = await unfold(page, 'get_bank_accounts')
    const sample = await accounts.locator('pre.curl').textContent()
    const kept = await page.evaluate<number>('sessionStorage.length')

    expect(state).toContain('this is none')
    expect(sample).not.toContain('rm -rf')
    expect(kept).toBe(0)
    await close()
  })

  test('a language that is chosen for one sample is that of all, and is copied', async () => {
    const { page, close } = await open()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])

    const accounts = await unfold(page, 'get_bank_accounts')
    await accounts.getByRole('radio', { name: 'curl' }).focus()
    await page.keyboard.press('ArrowRight')
    const category = await unfold(page, 'get_category')
    const isPython = await category.locator('pre.python').isVisible()
    const isCurl = await category.locator('pre.curl').isVisible()
    await category.getByRole('button', { name: 'Copy' }).click()
    await category.getByRole('button', { name: 'Copied' }).waitFor()
    const copied = await page.evaluate<string>('navigator.clipboard.readText()')

    expect([isPython, isCurl]).toEqual([true, false])
    expect(copied).toContain('requests.get(')
    await close()
  })

  test('the search is reached by /, finds by every word, and leads on by Enter', async () => {
    const { page, complaints, close } = await open(desktop)
    const shown = () => page.locator('.entry:visible').evaluateAll((all) => all.map(({ id }) => id))

    await page.keyboard.press('/')
    await page.keyboard.type('iban account')
    const found = await shown()
    const told = await page.locator('#found').textContent()
    await look(page, 'docs-search')
    await page.getByLabel('Search').fill('refresh')
    await page.keyboard.press('Enter')
    const focused = await page.evaluate<string>('document.activeElement.parentElement.id')
    await page.getByLabel('Search').press('Escape')
    const all = await shown()
    await page.getByLabel('Search').fill('zzz')
    const nothing = await page.locator('#found').textContent()

    expect(found).toContain('get_bank_accounts')
    expect(found).not.toContain('get_category')
    expect(told).toBe(`Found: ${found.length}`)
    expect(focused).not.toBe('')
    expect(all.length).toBeGreaterThan(40)
    expect(nothing).toContain('Nothing')
    expect(complaints).toEqual([])
    await close()
  })

  test('an address names a method, and the other language keeps it', async () => {
    const { page, close } = await open(desktop, '/docs?lang=en#get_category')

    const isOpen = await method(page, 'get_category').getAttribute('open')
    await page.getByRole('link', { name: 'Français' }).click()
    await page.waitForURL(/lang=fr#get_category$/)
    const isStillOpen = await method(page, 'get_category').getAttribute('open')
    const text = await method(page, 'get_category').innerText()

    expect([isOpen, isStillOpen]).toEqual(['', ''])
    expect(text).toContain('Une catégorie d’opérations')
    await close()
  })

  test.each([
    { name: 'phone', options: { ...phone, locale: 'fr-FR' } },
    { name: 'desktop', options: desktop },
  ])('fits a $name with all of it open, shuts nobody out, and is large to touch', async (one) => {
    const { page, complaints, close } = await open(one.options)
    await look(page, `docs-${one.name}`)

    const unfoldAll = (within: string) =>
      page.evaluate(`for (const one of document.querySelectorAll('${within}')) one.open = true`)
    for (const id of ['get_bridge_connect_link', 'item.stale', '/ready']) {
      await unfoldAll(`[id="${id}"], [id="${id}"] details`)
    }
    await look(page, `docs-${one.name}-open`)
    await unfoldAll('details')
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    const small = await page
      .locator(
        '.reference :is(input:not([type=radio]), select, button, summary, .tabs label):visible',
      )
      .evaluateAll((all) =>
        all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML),
      )
    const narrow = await page
      .locator('.argument :is(input, select)')
      .evaluateAll((all) =>
        all.filter(
          (one) =>
            one.getBoundingClientRect().width < one.parentElement!.getBoundingClientRect().width,
        ),
      )

    expect(width).toBeLessThanOrEqual(one.options.viewport.width)
    expect(small).toEqual([])
    expect(narrow).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  test('outside of a sandbox it is searched, and takes no key', async () => {
    const app = await buildApp({ config: loadConfig(testEnvironment), database: ':memory:' })
    onTestFinished(() => app.close())
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    const context = await browser.newContext(phone)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))

    await page.goto(`${origin}/docs`)
    await page.getByLabel('Search').fill('get_category')
    const category = await unfold(page, 'get_category')
    const fields = await page.locator('input:not([type=radio]):visible').count()
    const sample = await category.locator('pre.curl').innerText()

    expect(await page.locator('.entry:visible').count()).toBe(1)
    expect(fields).toBe(1)
    expect(sample).toContain("--user 'API_KEY:API_SECRET'")
    expect(complaints).toEqual([])
    await context.close()
  })

  test('it is read without a script, and offers nothing that needs one', async () => {
    const { page, elsewhere, close } = await open({ ...phone, javaScriptEnabled: false })

    const accounts = await unfold(page, 'get_bank_accounts')
    await accounts.getByText('PHP', { exact: true }).click()
    const text = await accounts.innerText()
    const buttons = await page.locator('button:visible, .search:visible, #api_key:visible').count()

    expect(text).toContain('/api/method/bank_api.bridge.get_bank_accounts')
    expect(text).toContain('CURLOPT_USERPWD')
    expect(text).toContain('"iban"')
    expect(buttons).toBe(0)
    expect(elsewhere).toEqual([])
    await close()
  })
})
