import { mailServerOf } from '../mail/mailer.ts'
import type { Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

/** Whether reminders reach people: a mail server where sites want them, that lets us in and takes their addresses. */
export async function checkMail({ config, store, probes }: Examination): Promise<Finding[]> {
  const check = 'mail'
  const { sites, refused } = await store.countMails()
  if (!mailServerOf(config)) {
    if (sites === 0) return []
    return [
      warning(
        'mail.no_server',
        check,
        `${sites === 1 ? 'a site wants' : `${sites} sites want`} reminders by mail, and there is no mail server: none is sent`,
        'Set SMTP_URL and MAIL_FROM, and restart.',
        { rouses: true },
      ),
    ]
  }
  if (sites === 0) return [ok('mail.ok', check, 'no site wants reminders by mail')]
  const failure = await probes.greetMailServer().catch((error: Error) => error.message)
  if (typeof failure === 'string') {
    return [
      warning(
        'mail.unreachable',
        check,
        `the mail server does not let us in: ${failure}. Reminders wait until it does`,
        'Compare SMTP_URL with what its provider says, and see that this machine may reach it.',
        { rouses: true },
      ),
    ]
  }
  if (refused === 0) return [ok('mail.ok', check, 'the mail server lets us in')]
  return [
    warning(
      'mail.refused',
      check,
      `the mail server refused the last reminder to ${refused === 1 ? 'a user' : `${refused} users`}`,
      'Tell their sites to give another `email` with the next link. `bank-api user list --json` names them.',
    ),
  ]
}
