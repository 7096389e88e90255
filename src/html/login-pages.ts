import type { Language } from '../language.ts'
import { html, seen, type Html } from './html.ts'
import { icons, type IconName } from './icons.ts'
import type { Inline } from './inline.ts'
import type { NoticeText } from './notice.ts'
import { page, type Page } from './page.ts'

/** Why there is nothing to see. */
export type LoginNotice = 'closed' | 'used' | 'stale' | 'limited' | 'unknown' | 'failed'

interface LoginTexts {
  title: string
  lead: (who: string) => string
  button: string
  hint: string
  way: string
  notices: Readonly<Record<LoginNotice, NoticeText>>
}

interface Login {
  /** All that is said to whoever is not inside, and where a page cannot be shown. */
  texts: Readonly<Record<Language, LoginTexts>>
  /** The path of the first page inside. */
  home: string
  styles?: readonly Inline[]
  /** What a notice shows below its words. */
  below?: (name: LoginNotice) => Html | undefined
}

const iconOf: Readonly<Record<LoginNotice, IconName>> = {
  closed: 'bank',
  used: 'problem',
  stale: 'wait',
  limited: 'wait',
  unknown: 'problem',
  failed: 'problem',
}

/** The pages before a login by an address that is good once. */
export function createLoginPages({ texts, home, styles, below }: Login) {
  const loginPage = (
    language: Language,
    title: string,
    body: Html,
    { translation, reference }: { translation: string; reference?: string },
  ): Page =>
    page({
      language,
      title,
      body,
      translation,
      reference,
      ...(styles && { styles }),
      policy: ["form-action 'self'"],
    })

  return {
    /** The page behind an address that lets somebody in: only its button does, for scanners open links. */
    offerPage(language: Language, who: string, translation: string): Page {
      const { title, lead, button, hint } = texts[language]
      const body = html`${icons.bank}
        <h1>${title}</h1>
        <p>${lead(seen(who))}</p>
        <form method="post"><button>${button}</button></form>
        <p class="small">${hint}</p>`
      return loginPage(language, title, body, { translation })
    },

    /** A page that says why there is nothing to see. */
    loginNotice(
      language: Language,
      name: LoginNotice,
      about: { translation: string; reference?: string; isInside?: boolean },
    ): Page {
      const { way, notices } = texts[language]
      const { title, body: said } = notices[name]
      const body = html`${icons[iconOf[name]]}
        <h1>${title}</h1>
        <p>${said}</p>
        ${below?.(name)} ${about.isInside && html`<a class="button" href="${home}">${way}</a>`}`
      return loginPage(language, title, body, about)
    },
  }
}
