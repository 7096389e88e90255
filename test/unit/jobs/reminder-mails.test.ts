import { describe, expect, it } from 'vitest'
import { createMailer, MailServerError } from '../../../src/mail/mailer.ts'
import { mailReminders } from '../../../src/jobs/reminder-mails.ts'
import { aConnectedBank, bridgeTime } from '../../support/app.ts'
import { day, jobsApp, toldTo } from '../../support/jobs-app.ts'
import { mailServer } from '../../support/mail-server.ts'
import { aRequest, testBy } from '../../support/tenants.ts'
import { emailRow } from '../../../src/vault/sealed-rows.ts'

const hour = 3_600_000

/** A site that wants mails, and ann, whose consent lasts 180 days from now. */
async function aConsent({
  user = 'ann@acme.test',
  env = {},
}: { user?: string; env?: Record<string, string> } = {}) {
  const server = await mailServer()
  const made = await jobsApp({
    env: { SMTP_URL: server.url, MAIL_FROM: 'Reminders <reminders@bank.test>', ...env },
  })
  const { app, acme, clock, world } = made
  await app.store.updateSite(acme.site.id, { remindBy: 'mail' }, testBy)
  const end = clock.now() + 180 * day
  const item = { authentication_expires_at: bridgeTime(end) }
  const bank = await aConnectedBank(made, acme.site, { user, item })
  const mail = async (): Promise<string[]> => {
    while (await app.jobs.mail());
    return server.came.splice(0).map(({ headers }) => headers['subject'] ?? '')
  }
  const held = async () => (await app.store.listConnections({ id: bank.itemId }))[0]!.item
  return { ...made, world, server, end, bank, mail, held }
}

describe('reminders by mail', () => {
  it('come 30, 14, 7, 3 and 1 days before the end and on the end, once each', async () => {
    const { app, clock, end, server } = await aConsent()

    const days: number[] = []
    clock.advance(149 * day)
    for (let hours = 0; hours < 45 * 24; hours += 6) {
      await app.jobs.mail()
      for (const _ of server.came.splice(0)) days.push((end - clock.now()) / day)
      clock.advance(6 * hour)
    }

    expect(days).toEqual([30, 14, 7, 3, 1, 0])
  })

  it('say the bank’s name, the end, and one button; in both forms, in French unless the link said otherwise', async () => {
    const { app, clock, server } = await aConsent()
    clock.advance(150 * day)
    await app.jobs.mail()

    const [came] = server.came
    expect(came?.headers['subject']).toBe(
      'Renouvelez l’accès à votre banque avant le 6 septembre 2025',
    )
    expect(came?.text.replaceAll(/(renew|unsubscribe)\/[\w-]+/g, '$1/…')).toMatchInlineSnapshot(`
      "Bonjour,

      Votre site de gestion erp.acme.test lit vos comptes chez votre banque. La loi demande que vous le confirmiez de temps en temps : cet accès prend fin dans 30 jours, le 6 septembre 2025.

      Renouveler l’accès
      https://bank.test/renew/…?lang=fr

      Vous confirmez auprès de votre banque, comme pour vous y connecter. Cela prend une minute ou deux, et rien d’autre ne change.

      Le lien fonctionne jusqu’au 20 septembre 2025. Nous ne demandons jamais les codes de votre banque par e-mail.

      Renew the access, in English
      https://bank.test/renew/…?lang=en

      Vous recevez ce rappel parce que vous avez connecté votre banque à ce site.
      Ne plus recevoir de rappels
      https://bank.test/unsubscribe/…?lang=fr
      "
    `)
    expect(came?.html.match(/<a\s/g)).toHaveLength(3)
    expect(came?.html).toContain('<html lang="fr">')
  })

  it('lead to the renewal page and away from the mails, for mail programs too', async () => {
    const { app, clock, server } = await aConsent()
    clock.advance(179 * day)
    await app.jobs.mail()
    const [came] = server.came
    const { headers, html, text } = came!

    const renew = /https:\/\/bank\.test(\/renew\/[\w-]+\?lang=fr)/.exec(text)?.[1]
    expect(html).toContain(`href="https://bank.test${renew}"`)
    expect((await app.inject(renew!)).body).toContain('Continuer vers ma banque')
    expect(came).toMatchObject({ to: 'ann@acme.test' })
    expect(headers).toMatchObject({
      from: 'Reminders <reminders@bank.test>',
      'auto-submitted': 'auto-generated',
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    })

    const stop = /^<https:\/\/bank\.test(\/unsubscribe\/[\w-]+)>$/.exec(
      headers['list-unsubscribe']!,
    )?.[1]
    const oneClick = await app.inject({
      method: 'POST',
      url: stop!,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'List-Unsubscribe=One-Click',
    })
    expect(oneClick.statusCode).toBe(200)
    clock.advance(day)
    await app.jobs.mail()
    expect(server.came).toHaveLength(1)
  })

  it('go to the address of the link where the name is none, in its language, never to the one for all', async () => {
    const env = { DEFAULT_USER_EMAIL: 'everybody@acme.test' }
    const { app, bank, clock, server, held } = await aConsent({ user: 'ann', env })
    clock.advance(150 * day)
    await app.jobs.mail()
    expect(server.came).toEqual([])
    expect(await held()).toMatchObject({ mailedDays: 30, mailEnd: 'no_address' })

    const email = app.keyring.seal('ann@home.test', emailRow(bank.user.id))
    await aRequest(app, bank.user, { email, language: 'en' })
    clock.advance(16 * day)
    await app.jobs.mail()

    expect(server.came).toMatchObject([
      {
        to: 'ann@home.test',
        headers: { subject: 'Renew the access to your bank before 6 September 2025' },
      },
    ])
  })

  it('come only to users of sites that want them; webhooks go on', async () => {
    const { app, acme, clock, mail } = await aConsent()
    await app.store.updateSite(acme.site.id, { remindBy: 'webhook' }, testBy)
    clock.advance(150 * day)

    expect(await mail()).toEqual([])
    await app.jobs.remind()
    expect(await toldTo(app, acme)).toHaveLength(1)
  })

  it('are the nearest one alone after a silence, and none once a week has passed since the end', async () => {
    const late = await aConsent()
    late.clock.advance(187 * day - 1)
    expect(await late.mail()).toEqual(['L’accès à votre banque a pris fin'])
    const later = await aConsent()
    later.clock.advance(187 * day)

    expect(await later.mail()).toEqual([])
  })

  it('that the server takes only later come then; what it refuses is counted, and the next date tried', async () => {
    const { app, bank, clock, held, mail, server } = await aConsent()
    clock.advance(150 * day)
    server.answers.to = () => '451 greylisted'
    expect(await mail()).toEqual([])
    expect(await held()).toMatchObject({ mailedAt: null })

    server.answers.to = () => '550 <ann@acme.test> unknown'
    clock.advance(15 * 60_000)
    expect(await mail()).toEqual([])
    expect(await held()).toMatchObject({ mailedDays: 30, mailEnd: 'refused' })
    const refusals = async () =>
      (await app.store.listUsers({ id: bank.user.id }, { limit: 1 }))[0]?.mailRefusals
    expect(await refusals()).toBe(1)

    server.answers.to = () => '250 ok'
    clock.advance(day)
    expect(await mail()).toEqual([])
    clock.advance(15 * day)
    expect(await mail()).toHaveLength(1)
    expect(await refusals()).toBe(0)
  })

  it('wait for a server that is away, and none is lost with it', async () => {
    const { clock, held, mail, server } = await aConsent()
    clock.advance(150 * day)
    server.answers.greeting = '421 not now'
    await expect(mail()).rejects.toThrow(new MailServerError('421'))
    expect(await held()).toMatchObject({ mailedAt: null })

    server.answers.greeting = '220 mail.test'
    expect(await mail()).toHaveLength(1)
  })

  it('that may have been taken are not sent twice: the line broke, or the server died, before it was noted', async () => {
    const { app, clock, held, mail, server } = await aConsent()
    clock.advance(150 * day)
    server.answers.data = ''
    await mail()
    expect(await held()).toMatchObject({ mailEnd: 'unsure' })
    server.answers.data = '250 taken'
    clock.advance(day)
    expect(await mail()).toEqual([])

    clock.advance(15 * day)
    const deps = { ...app, publicUrl: 'https://bank.test', signal: new AbortController().signal }
    const dying = {
      ...createMailer({ url: server.url, from: 'r@bank.test' }),
      send: () => Promise.reject(new Error('killed')),
    }
    await expect(
      mailReminders({ ...deps, mailer: dying, observe: app.metrics, log: app.log }),
    ).rejects.toThrow('killed')
    expect(await held()).toMatchObject({ mailedDays: 14, mailEnd: null })
    clock.advance(day)
    expect(await mail()).toEqual([])
    clock.advance(6 * day)
    expect(await mail()).toHaveLength(1)
  })

  it('come once, however many instances send at the same moment', async () => {
    const { app, acme, clock, server, end, ...made } = await aConsent()
    for (const user of ['ben@acme.test', 'cid@acme.test', 'dan@acme.test']) {
      const item = { authentication_expires_at: bridgeTime(end) }
      await aConnectedBank({ app, world: made.world }, acme.site, { user, item })
    }
    clock.advance(150 * day)

    await Promise.all(Array.from({ length: 4 }, () => app.jobs.mail()))

    expect(server.came.map(({ to }) => to).toSorted()).toEqual([
      'ann@acme.test',
      'ben@acme.test',
      'cid@acme.test',
      'dan@acme.test',
    ])
  })

  it('show no address and no link in the log', async () => {
    const { clock, log, mail, server } = await aConsent()
    clock.advance(150 * day)
    server.answers.to = () => '550 <ann@acme.test> is unknown'
    await mail()
    server.answers.to = () => '250 ok'
    clock.advance(16 * day)
    await mail()

    expect(log.join('')).toContain('reminder mailed')
    expect(log.join('')).not.toMatch(/ann@|renew\/|unsubscribe\/usr/)
  })

  it('are counted for Prometheus', async () => {
    const token = 'token-of-the-operator'
    const { app, clock, mail } = await aConsent({ env: { METRICS_TOKEN: token } })
    clock.advance(150 * day)
    await mail()

    const { body } = await app.inject({
      url: '/metrics',
      headers: { authorization: `Bearer ${token}` },
    })
    expect(body).toContain('bank_api_reminder_mails_total{outcome="sent"} 1')
    expect(body).toContain('bank_api_reminder_mails_total{outcome="refused"} 0')
  })
})
