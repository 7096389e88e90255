import type { IconName } from '../../html/icons.ts'
import type { Page } from '../../html/page.ts'
import type { Language } from '../../language.ts'
import { noticePage, type NoticeText } from '../../html/notice.ts'

type CallbackNotice = 'unknown' | 'expired'

/** Everything the way back from Bridge says when it leads no further. */
const texts: Readonly<Record<Language, Record<CallbackNotice, NoticeText> & { back: string }>> = {
  en: {
    unknown: {
      title: 'This link leads nowhere',
      body: 'We do not know this bank connection. Go back to your accounting site and start again from there.',
    },
    expired: {
      title: 'This link has expired',
      body: 'A connection link is good for one day. Go back to your accounting site and ask for a new one.',
    },
    back: 'Back to my accounting site',
  },
  fr: {
    unknown: {
      title: 'Ce lien ne mène nulle part',
      body: 'Nous ne connaissons pas cette connexion bancaire. Retournez sur votre site de gestion et recommencez.',
    },
    expired: {
      title: 'Ce lien a expiré',
      body: 'Un lien de connexion est valable un jour. Retournez sur votre site de gestion et demandez-en un nouveau.',
    },
    back: 'Retour à mon site de gestion',
  },
}

const iconOf: Readonly<Record<CallbackNotice, IconName>> = { unknown: 'problem', expired: 'wait' }

/** Why the browser is not sent on; where it came from is known, a way back there. */
export function callbackNotice(
  language: Language,
  name: CallbackNotice,
  about: { back: string | null; translation: string; reference: string },
): Page {
  const { back, translation, reference } = about
  const text = texts[language]
  return noticePage(text[name], {
    language,
    icon: iconOf[name],
    translation,
    reference,
    way: back === null ? undefined : { label: text.back, to: back },
  })
}
