import { html, seen } from '../../html/html.ts'
import { icons, type IconName } from '../../html/icons.ts'
import { noticePage, type NoticeText } from '../../html/notice.ts'
import { page, type Page } from '../../html/page.ts'
import { inOther } from '../../html/reader-language.ts'
import type { Language } from '../../language.ts'

/** Whether the reader gets reminders: the page offers the other. */
type MailState = 'wanted' | 'stopped'

interface Offer {
  title: string
  body: (site: string) => string
  button: string
}

const texts: Readonly<
  Record<Language, Readonly<Record<MailState, Offer>> & { unknown: NoticeText }>
> = {
  en: {
    wanted: {
      title: 'No more reminders?',
      body: (site) =>
        `We mail you before ${site} loses the access to your bank. Without these mails only your accounting site can remind you.`,
      button: 'Stop the reminders',
    },
    stopped: {
      title: 'You get no more reminders',
      body: (site) =>
        `${site} goes on as before; we do not write to you about its access any more.`,
      button: 'Send them again',
    },
    unknown: {
      title: 'This link leads nowhere',
      body: 'You get no reminders from us by the account it stood for, or the link was not copied whole.',
    },
  },
  fr: {
    wanted: {
      title: 'Ne plus recevoir de rappels ?',
      body: (site) =>
        `Nous vous écrivons avant que ${site} ne perde l’accès à votre banque. Sans ces messages, seul votre site de gestion peut vous le rappeler.`,
      button: 'Arrêter les rappels',
    },
    stopped: {
      title: 'Vous ne recevrez plus de rappels',
      body: (site) =>
        `Rien ne change pour ${site} ; nous ne vous écrivons plus au sujet de cet accès.`,
      button: 'Les recevoir à nouveau',
    },
    unknown: {
      title: 'Ce lien ne mène nulle part',
      body: 'Vous ne recevez pas de rappels de notre part pour ce compte, ou le lien n’a pas été copié en entier.',
    },
  },
}

const iconOf: Readonly<Record<MailState, IconName>> = { wanted: 'wait', stopped: 'done' }

/** The page with one button that stops the reminders, or has them sent again. */
export function unsubscribePage(language: Language, state: MailState, site: string): Page {
  const { title, body, button } = texts[language][state]
  const action = `?${state === 'wanted' ? '' : 'again=1&'}lang=${language}`
  return page({
    language,
    title,
    body: html`${icons[iconOf[state]]}
      <h1>${title}</h1>
      <p>${body(seen(site))}</p>
      <form method="post" action="${action}"><button>${button}</button></form>`,
    translation: inOther(language),
    policy: ["form-action 'self'"],
  })
}

/** For a link that is none of ours, or whose user is gone. */
export const unknownUnsubscribePage = (language: Language, reference: string): Page =>
  noticePage(texts[language].unknown, {
    language,
    icon: 'problem',
    translation: inOther(language),
    reference,
  })
