import { html, type Html } from '../../html/html.ts'
import { page, type Page } from '../../html/page.ts'
import { form } from '../../console/pages/frame.ts'
import { insideStyle } from '../../console/style.ts'
import type { Language } from '../../language.ts'
import { portalStyle } from '../style.ts'

/** What every page inside has around it. */
export interface Frame {
  language: Language
  /** What each of its forms shows. */
  csrf: string
  /** Where it is in the other language. */
  translation: string
}

const texts = {
  en: { home: 'Bank connections', leave: 'Leave' },
  fr: { home: 'Connexions bancaires', leave: 'Sortir' },
} as const satisfies Record<Language, object>

/** A page inside: the way to the first, and the way out. */
export function framed(frame: Frame, title: string, body: Html): Page {
  const { language, translation } = frame
  const text = texts[language]
  return page({
    language,
    title: `${title} · ${text.home}`,
    isCard: false,
    banner: html`<header class="bar">
      <div>
        <a class="home" href="/portal">${text.home}</a>
        ${form(frame, '/portal/leave', html`<button class="quiet">${text.leave}</button>`)}
      </div>
    </header>`,
    body: html`<h1>${title}</h1>
      ${body}`,
    translation,
    styles: [insideStyle, portalStyle],
    policy: ["form-action 'self'"],
  })
}

/** The address of a site's page. */
export const siteAddress = (site: string, more: Readonly<Record<string, string>> = {}): string =>
  `/portal?${new URLSearchParams({ site, ...more }).toString()}`
