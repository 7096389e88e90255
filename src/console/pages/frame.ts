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
  /** Its own address. */
  path: string
  /** What was searched for. */
  sought?: string
}

const texts = {
  en: {
    overview: 'Overview',
    events: 'Events',
    calls: 'Calls',
    search: 'Search',
    sought: 'An id, a name, a bank',
    leave: 'Leave',
    inside: (who: string) => `${who} is inside`,
  },
  fr: {
    overview: 'Vue d’ensemble',
    events: 'Événements',
    calls: 'Appels',
    search: 'Chercher',
    sought: 'Un identifiant, un nom, une banque',
    leave: 'Sortir',
    inside: (who: string) => `${who} est dans la console`,
  },
} as const satisfies Record<Language, object>

const pages = [
  ['overview', '/console'],
  ['events', '/console/events'],
  ['calls', '/console/calls'],
] as const

/** A page inside: where one may go from it, and who looks at it. */
export function framed(frame: Frame, title: string, body: Html): Page {
  const { language, who, translation, path, sought = '' } = frame
  const text = texts[language]
  return page({
    language,
    title: `${title} · Bank API`,
    isCard: false,
    banner: html`<header class="bar">
      <div>
        <a class="home" href="/console">Bank API</a>
        <nav>
          ${pages.map(([name, to]) =>
            to === path
              ? html`<a href="${to}" aria-current="page">${text[name]}</a>`
              : html`<a href="${to}">${text[name]}</a>`,
          )}
        </nav>
        <form class="search" method="get" action="/console/search" role="search">
          <input
            type="search"
            name="q"
            value="${sought}"
            placeholder="${text.sought}"
            aria-label="${text.sought}"
            maxlength="200"
          />
          <button class="quiet">${text.search}</button>
        </form>
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
