import { html, type Html } from './html.ts'
import { icons, type IconName } from './icons.ts'
import { page, type Page, type PageParts } from './page.ts'
import type { Language } from '../language.ts'

/** The words of a page that says one thing. */
export interface NoticeText {
  title: string
  body: string
}

/** A card that says one thing, and may lead on to one place. */
export function noticePage(
  { title, body }: NoticeText,
  about: {
    language: Language
    icon: IconName
    /** The same page in the other language. */
    translation: string
    details?: Html | undefined
    way?: { label: string; to: string } | undefined
    reference?: string | undefined
    /** Where a notice is not as most are. */
    parts?: Pick<PageParts, 'banner' | 'styles' | 'policy'>
  },
): Page {
  const { language, icon, translation, details, way, reference, parts } = about
  return page({
    language,
    title,
    body: html`${icons[icon]}
      <h1>${title}</h1>
      <p>${body}</p>
      ${details} ${way && html`<a class="button" href="${way.to}">${way.label}</a>`}`,
    translation,
    reference,
    policy: ["form-action 'none'"],
    ...parts,
  })
}

/** A day as people write it, where they are. */
export function dayIn(language: Language, timeZone: string, at: number): string {
  const locale = language === 'en' ? 'en-GB' : language
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone }).format(at)
}
