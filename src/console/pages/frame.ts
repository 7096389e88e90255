import { html, seen, type Html } from '../../html/html.ts'
import { page, type Page } from '../../html/page.ts'
import type { Language } from '../../language.ts'
import { insideStyle } from '../style.ts'

/** What every page inside has around it. */
export interface Frame {
  language: Language
  who: string
  /** What each of its forms shows. */
  csrf: string
  /** Where it is in the other language. */
  translation: string
  /** What was searched for. */
  sought?: string
}

const texts = {
  en: {
    overview: 'Overview',
    search: 'Search',
    sought: 'An id, a name, an address',
    leave: 'Leave',
    inside: (who: string) => `${who} is inside`,
  },
  fr: {
    overview: 'Vue d’ensemble',
    search: 'Chercher',
    sought: 'Un identifiant, un nom, une adresse',
    leave: 'Sortir',
    inside: (who: string) => `${who} est dans la console`,
  },
} as const satisfies Record<Language, object>

/** A page inside: where one may go from it, and who looks at it. */
export function framed(frame: Frame, title: string, body: Html): Page {
  const { language, who, translation } = frame
  const text = texts[language]
  return page({
    language,
    title: `${title} · Bank API`,
    isCard: false,
    banner: html`<header class="bar">
      <div>
        <a class="home" href="/console">Bank API</a>
        ${form(
          frame,
          '/console/leave',
          html`<button class="quiet" title="${text.inside(seen(who))}">${text.leave}</button>`,
        )}
      </div>
    </header>`,
    body: html`<h1>${title}</h1>
      ${body}`,
    translation,
    styles: [insideStyle],
    policy: ["form-action 'self'"],
  })
}

/** A form that posts, with what shows that it stood on our page. */
export const form = ({ csrf }: Pick<Frame, 'csrf'>, action: string, fields: Html): Html =>
  html`<form method="post" action="${action}">
    <input type="hidden" name="_csrf" value="${csrf}" />${fields}
  </form>`
