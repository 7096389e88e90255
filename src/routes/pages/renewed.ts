import { seen } from '../../html/html.ts'
import type { IconName } from '../../html/icons.ts'
import type { Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import type { Language } from '../../language.ts'
import type { RenewalEnd } from '../../connect/renewal.ts'
import { dayIn, noticePage, type NoticeText } from '../../html/notice.ts'

type End = RenewalEnd['state'] | 'unknown'

interface Texts {
  ends: Readonly<Record<End, NoticeText>>
  bank: string
  site: string
  until: string
  back: string
}

/** Everything the page at the end of a renewal says. */
const texts: Readonly<Record<Language, Texts>> = {
  en: {
    ends: {
      renewed: {
        title: 'Thank you, the access is renewed',
        body: 'Your accounting site goes on reading your accounts. You can close this page.',
      },
      failed: {
        title: 'The access was not renewed',
        body: 'Your bank has not confirmed it. Open the link that you were sent and try again; it stays good.',
      },
      pending: {
        title: 'Thank you, nearly done',
        body: 'Your bank has not answered yet. You can close this page: your accounting site will show whether the access was renewed.',
      },
      unknown: {
        title: 'Thank you',
        body: 'You can close this page. Your accounting site shows whether the access was renewed.',
      },
    },
    bank: 'Bank',
    site: 'Accounting site',
    until: 'Access until',
    back: 'Back to my accounting site',
  },
  fr: {
    ends: {
      renewed: {
        title: 'Merci, l’accès est renouvelé',
        body: 'Votre site de gestion continue de lire vos comptes. Vous pouvez fermer cette page.',
      },
      failed: {
        title: 'L’accès n’a pas été renouvelé',
        body: 'Votre banque ne l’a pas confirmé. Ouvrez le lien que vous avez reçu et réessayez ; il reste valable.',
      },
      pending: {
        title: 'Merci, c’est presque fini',
        body: 'Votre banque n’a pas encore répondu. Vous pouvez fermer cette page : votre site de gestion montrera si l’accès a été renouvelé.',
      },
      unknown: {
        title: 'Merci',
        body: 'Vous pouvez fermer cette page. Votre site de gestion montre si l’accès a été renouvelé.',
      },
    },
    bank: 'Banque',
    site: 'Site de gestion',
    until: 'Accès jusqu’au',
    back: 'Retour à mon site de gestion',
  },
}

const iconOf: Readonly<Record<End, IconName>> = {
  renewed: 'done',
  failed: 'problem',
  pending: 'wait',
  unknown: 'bank',
}

/** Where a renewal ends: whether it worked, until when, and the way back to the site. */
export function renewedPage(
  language: Language,
  end: RenewalEnd | undefined,
  { translation, reference }: { translation: string; reference: string },
): Page {
  const text = texts[language]
  const about = { language, translation }
  if (!end) return noticePage(text.ends.unknown, { ...about, icon: iconOf.unknown })
  const { state, site, consentEnd } = end
  const bank = end.bank === null ? null : seen(end.bank)
  const until =
    state === 'renewed' && consentEnd !== null ? dayIn(language, site.timeZone, consentEnd) : null
  return noticePage(text.ends[state], {
    ...about,
    icon: iconOf[state],
    details: detailList([
      [text.bank, bank],
      [text.site, seen(site.name)],
      [text.until, until],
    ]),
    way: site.origin === null ? undefined : { label: text.back, to: site.origin },
    reference: state === 'failed' ? reference : undefined,
  })
}
