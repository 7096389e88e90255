import { mailServerOf } from '../mail/mailer.ts'
import { command } from '../terminal/shell.ts'
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
        {
          en: `${sites === 1 ? 'a site wants' : `${sites} sites want`} reminders by mail, and there is no mail server: none is sent`,
          fr: `${sites === 1 ? 'un site veut' : `${sites} sites veulent`} des rappels par e-mail, et il n’y a pas de serveur de messagerie : aucun n’est envoyé`,
        },
        {
          en: 'Set SMTP_URL and MAIL_FROM, and restart.',
          fr: 'Définissez SMTP_URL et MAIL_FROM, et redémarrez.',
        },
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
        {
          en: `the mail server does not let us in: ${failure}. Reminders wait until it does`,
          fr: `le serveur de messagerie ne nous laisse pas entrer : ${failure}. Les rappels attendent qu’il le fasse`,
        },
        {
          en: 'Compare SMTP_URL with what its provider says, and see that this machine may reach it.',
          fr: 'Comparez SMTP_URL avec ce que dit son fournisseur, et vérifiez que cette machine peut l’atteindre.',
        },
        { rouses: true },
      ),
    ]
  }
  if (refused === 0) return [ok('mail.ok', check, 'the mail server lets us in')]
  return [
    warning(
      'mail.refused',
      check,
      {
        en: `the mail server refused the last reminder to ${refused === 1 ? 'a user' : `${refused} users`}`,
        fr: `le serveur de messagerie a refusé le dernier rappel à ${refused === 1 ? 'un utilisateur' : `${refused} utilisateurs`}`,
      },
      {
        en: 'Tell their sites to give another `email` with the next link. They are those whose `reminders_refused` is above 0 in:',
        fr: 'Dites à leurs sites de donner un autre `email` avec le prochain lien. Ce sont ceux dont `reminders_refused` dépasse 0 dans :',
      },
      { run: command`user list --limit 1000000 --json` },
    ),
  ]
}
