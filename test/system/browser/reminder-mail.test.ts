import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { callMethod } from '../../support/app.ts'
import { freePort } from '../../support/free-port.ts'
import { day } from '../../support/jobs-app.ts'
import { mailServer } from '../../support/mail-server.ts'
import { aTenant, testBy } from '../../support/tenants.ts'
import { isAbsent, look, startBrowser } from './look.ts'

const siteOrigin = 'http://erp.example.test'

/** A gateway on sockets of its own, with the sandbox, a mail server, and a user whose consent ends in 14 days. */
async function aReminder(lang: string) {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-'))
  const mails = await mailServer()
  const clock = createMovableClock()
  const config = loadConfig({
    DATA_DIR: folder,
    PORT: String(await freePort()),
    SANDBOX_PORT: '0',
    LOG_LEVEL: 'silent',
    SMTP_URL: mails.url,
    MAIL_FROM: 'Reminders <reminders@bank.test>',
  })
  const sandbox = await startSandbox(config, clock)
  const app = await buildApp({ config, database: ':memory:', clock, sandbox })
  onTestFinished(async () => {
    await app.close()
    await sandbox.close()
    rmSync(folder, { recursive: true, force: true })
  })
  await app.listen({ host: '127.0.0.1', port: config.port })
  const { site, siteKey } = await aTenant(app)
  await app.store.updateSite(site.id, { remindBy: 'mail' }, testBy)
  const order = {
    redirect_url: `${siteOrigin}/app/bank`,
    bank: 'Demo Bank',
    user: 'me@example.com',
  }
  const { message } = await callMethod(
    app,
    'get_bridge_connect_link',
    { ...order, lang },
    { as: siteKey },
  )
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ login: 'success', password: 'any' })
  const end = await fetch(message.url, { method: 'POST', redirect: 'manual', headers, body })
  await fetch(end.headers.get('location')!, { redirect: 'manual' })
  await app.jobs.countRenewals()
  clock.advance(166 * day)
  await app.jobs.mail()
  const [mail] = mails.came
  return { app, clock, mail: mail!, mails }
}

describe.skipIf(isAbsent)('a reminder by mail, in a browser', () => {
  test.each([
    ['phone', 'fr', { width: 360, height: 720 }, 'Renouveler l’accès', 'Continuer vers ma banque'],
    ['desktop', 'en', { width: 1280, height: 800 }, 'Renew the access', 'Continue to my bank'],
  ])(
    'leads through the bank to a renewed consent, on a %s',
    async (name, lang, viewport, button, next) => {
      const { app, mail, mails, clock } = await aReminder(lang)
      const browser = await startBrowser()
      onTestFinished(() => browser.close())
      const page = await browser.newPage({ viewport, locale: 'de-DE' })
      await page.route(`${siteOrigin}/**`, (route) => route.fulfill({ body: 'back' }))

      await page.setContent(mail.html)
      await look(page, `${name}-mail`)
      await page.getByRole('link', { name: button, exact: true }).click()
      await page.getByRole('button', { name: next }).click()
      await page.locator('input[name=code]').fill('123456')
      await page.locator('form button').first().click()
      await page.getByRole('button', { name: /Finish|Terminer/ }).click()
      await page.waitForURL(`${siteOrigin}/**`)

      await app.jobs.countRenewals()
      const month = new Date(clock.now()).toISOString().slice(0, 7)
      expect(await app.store.listUsage(month, {})).toMatchObject([{ renewals: 1 }])
      clock.advance(14 * day)
      await app.jobs.mail()
      expect(mails.came).toHaveLength(1)
    },
  )

  test('its last link ends the mails, once its button is pressed', async () => {
    const { app, clock, mail, mails } = await aReminder('fr')
    const browser = await startBrowser()
    onTestFinished(() => browser.close())
    const page = await browser.newPage({ viewport: { width: 360, height: 720 } })

    await page.setContent(mail.html)
    await page.getByRole('link', { name: 'Ne plus recevoir de rappels' }).click()
    await look(page, 'stop-reminders')
    await page.getByRole('button', { name: 'Arrêter les rappels' }).click()
    await page.getByRole('heading', { name: 'Vous ne recevrez plus de rappels' }).waitFor()
    await look(page, 'stopped-reminders')

    clock.advance(7 * day)
    await app.jobs.mail()
    expect(mails.came).toHaveLength(1)
  })
})
