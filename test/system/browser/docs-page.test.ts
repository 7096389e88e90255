import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createDemo } from '../../../src/demo.ts'
import { freePort } from '../../support/free-port.ts'
import { isAbsent, look, startBrowser, timeout } from './look.ts'

describe.skipIf(isAbsent)('/docs in a browser', { timeout }, () => {
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
    const demo = (await createDemo(app))!
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
  }, timeout)
  afterAll(async () => {
    await browser.close()
    await gateway.close()
  })

  async function open(options: { javaScriptEnabled?: boolean } = {}) {
    const context = await browser.newContext({ viewport: { width: 375, height: 720 }, ...options })
    const page = await context.newPage()
    const elsewhere: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== gateway.origin) elsewhere.push(request.url())
    })
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${gateway.origin}/docs`)
    return { page, elsewhere, complaints, close: () => context.close() }
  }

  const method = (page: Page, name: string) => page.locator(`details#${name}`)

  test('a person tries a call with the demo key and reads the answer', async () => {
    const { page, elsewhere, complaints, close } = await open()

    await page.getByLabel('api_key').first().fill(gateway.demo.apiKey)
    await page.getByLabel('api_secret').fill(gateway.demo.apiSecret)
    const link = method(page, 'get_bridge_connect_link')
    await link.locator('summary').first().click()
    await link.getByLabel('redirect_url', { exact: true }).fill('http://erp.test/app')
    await link.getByLabel('user', { exact: true }).fill('me@example.com')
    await link.getByRole('button', { name: 'Call' }).click()
    await link.locator('output', { hasText: '"request"' }).waitFor()
    const said = await link.locator('output').textContent()
    await look(page, 'docs-answer')

    expect(said).toMatch(/^200 {2}req_/)
    expect(elsewhere).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  test('without a key the refusal is shown', async () => {
    const { page, close } = await open()

    const accounts = method(page, 'get_bank_accounts')
    await accounts.locator('summary').first().click()
    await accounts.getByRole('button', { name: 'Call' }).click()
    await accounts.locator('output', { hasText: 'PermissionError' }).waitFor()

    expect(await accounts.locator('output').textContent()).toMatch(/^403/)
    await close()
  })

  test('it is read without a script, and no line is wider than a phone', async () => {
    const { page, elsewhere, close } = await open({ javaScriptEnabled: false })

    const text = await page.locator('body').innerText()
    const overflow = await page.locator('html').evaluate((html) => {
      const { scrollWidth, clientWidth } = html as unknown as Record<string, number>
      return scrollWidth! - clientWidth!
    })

    expect(text).toContain('/api/method/bank_api.bridge.get_bank_accounts')
    expect(overflow).toBeLessThanOrEqual(0)
    expect(elsewhere).toEqual([])
    await close()
  })
})
