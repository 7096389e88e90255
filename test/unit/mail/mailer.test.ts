import { expect, it } from 'vitest'
import { createMailer, MailServerError } from '../../../src/mail/mailer.ts'
import { reminderMail, type Reminder } from '../../../src/mail/reminder.ts'
import { mailServer } from '../../support/mail-server.ts'
import { tricklingSite } from '../../support/trickling-site.ts'
import { tryTime } from '../../support/try-time.ts'

const from = 'Reminders <reminders@bank.test>'
const mail = {
  to: 'ann@acme.test',
  subject: 'Hello',
  text: 'text',
  html: '<p>html</p>',
  headers: {},
}

it.each([
  ['250 taken', 'sent', undefined],
  ['554 no spam', 'refused', '554'],
  ['452 full', 'deferred', '452'],
  ['', 'unsure', 'ECONNECTION'],
])('an answer of “%s” to the mail is: %s', async (data, outcome, code) => {
  const server = await mailServer()
  server.answers.data = data

  expect(await createMailer({ url: server.url, from }).send(mail)).toEqual({ outcome, code })
})

it('a sender that the server refuses says nothing of the address: the mail waits', async () => {
  const server = await mailServer()
  server.answers.from = '550 not your domain'
  const { send } = createMailer({ url: server.url, from })

  expect(await send(mail)).toEqual({ outcome: 'deferred', code: '550' })
})

it('a server that is not there is no reason to throw for a mail, and one for a look', async () => {
  const server = await mailServer()
  await server.stop()
  const mailer = createMailer({ url: server.url, from })

  expect(await mailer.send(mail)).toMatchObject({ outcome: 'unsure' })
  await expect(mailer.check()).rejects.toThrow(new MailServerError('ESOCKET'))
})

it.each(['check', 'send'] as const)(
  'a server that trickles its answers is given up: %s',
  async (act) => {
    const server = await tricklingSite(Buffer.from('220 mail.test\r\n250-'))
    const mailer = createMailer({ url: `smtp://127.0.0.1:${server.port}`, from })
    const time = tryTime(60_000)

    const outcome = act === 'check' ? mailer.check().catch(String) : mailer.send(mail)
    await server.isHeard
    time.isOver()

    expect(await outcome).toEqual(
      act === 'check' ? 'MailServerError: ECONNECTION' : { outcome: 'unsure', code: 'ECONNECTION' },
    )
  },
)

it('a password never goes in the clear: without TLS nobody logs in, and no error has it', async () => {
  const server = await mailServer({ password: 'p@ss word' })
  const url = server.url.replace('//', '//gate%20way:p%40ss%20word@')
  const mailer = createMailer({ url, from })

  const refused = await mailer.check().catch((error: unknown) => String(error))

  expect(refused).toMatch(/^MailServerError: \w+$/)
  expect(await mailer.send(mail)).toMatchObject({ outcome: expect.not.stringMatching('sent') })
  expect(server.came).toEqual([])
})

const reminder: Reminder = {
  to: 'ann@acme.test',
  language: 'en',
  bank: 'Demo Bank',
  site: 'erp.acme.test',
  timeZone: 'Europe/Paris',
  consentEnd: Date.UTC(2027, 2, 12),
  goodUntil: Date.UTC(2027, 2, 26),
  daysLeft: 3,
  renewUrl: 'https://bank.test/renew/x',
  stopUrl: 'https://bank.test/unsubscribe/x',
}

it('names that somebody chose make no line, no tag, no header, and are no longer than names', async () => {
  const server = await mailServer()
  const bank = `<b>Evil</b>\r\nBcc: all@acme.test\u202e ${'x'.repeat(200)}`

  await createMailer({ url: server.url, from }).send(reminderMail({ ...reminder, bank }))

  const [came] = server.came
  expect(Object.keys(came!.headers)).not.toContain('bcc')
  expect(came!.headers['subject']).toMatch(
    /^Renew the access to <b>Evil<\/b>Bcc: all@acme\.test x{40,60} before 12 March 2027$/,
  )
  expect(came!.html).toContain('&lt;b&gt;Evil&lt;/b&gt;')
  expect(came!.html).not.toContain('<b>')
})

it('a name that is an encoded word is not decoded, for what it hides would be seen', async () => {
  const server = await mailServer()
  const bank = '=?utf-8?B?4oCu?= =?utf-8?Q?a=0D=0ABcc:_b?='

  await createMailer({ url: server.url, from }).send(reminderMail({ ...reminder, bank }))

  const subject = server.came[0]!.headers['subject']
  expect(subject).toContain('= ?utf-8?B?4oCu?= = ?utf-8?Q?a=0D=0ABcc:_b?=')
  expect(subject).not.toMatch(/[\u202e\r\n]/)
})

it('says in both languages how many days are left, and that the end has come', () => {
  const said = (language: 'en' | 'fr', daysLeft: number) =>
    reminderMail({ ...reminder, language, daysLeft }).text

  expect(said('en', 3)).toContain('this access ends in 3 days, on 12 March 2027.')
  expect(said('en', 1)).toContain('this access ends within a day, on 12 March 2027.')
  expect(said('en', 0)).toContain('this access ended on 12 March 2027')
  expect(said('fr', 3)).toContain('cet accès prend fin dans 3 jours, le 12 mars 2027.')
  expect(said('fr', 0)).toContain('cet accès a pris fin le 12 mars 2027')
  expect(said('fr', 0)).toContain('Le lien fonctionne jusqu’au 26 mars 2027.')
})
