import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Language } from '../language.ts'
import { html, type Html } from './html.ts'
import type { Inline } from './inline.ts'
import { style } from './style.ts'
import { unbrokenPage } from './unbroken.ts'

export interface PageParts {
  language: Language
  title: string
  /** Of the `main` element; in a card unless the page lays itself out. */
  body: Html
  isCard?: boolean
  /** Where the same page is in the other language. */
  translation?: string | undefined
  /** What a person can tell support: the request's id. */
  reference?: string | undefined
  /** Above all else. */
  banner?: Html
  head?: Html | undefined
  /** Besides the style that every page has. */
  styles?: readonly Inline[]
  script?: Inline | undefined
  /** What the policy lets the page do besides showing itself. */
  policy?: readonly string[]
}

/** A whole document and the policy that it is to be shown under. */
export interface Page {
  markup: string
  policy: string
}

const texts: Readonly<Record<Language, { other: Language; name: string; reference: string }>> = {
  en: { other: 'fr', name: 'English', reference: 'Reference for support:' },
  fr: { other: 'en', name: 'Français', reference: 'Référence pour l’assistance :' },
}

/** The one layout: it loads nothing, sets no cookie, and runs no script but its own where it has one. */
export function page(parts: PageParts): Page {
  const { language, title, body, isCard = true, banner, head, script, policy = [] } = parts
  const styles = [style, ...(parts.styles ?? [])]
  const { markup } = html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${head} ${styles.map(({ element }) => element)}
      </head>
      <body>
        ${banner}
        <main>${isCard ? html`<div class="card">${body}</div>` : body}</main>
        ${foot(parts)} ${script?.element}
      </body>
    </html> `
  return {
    markup: language === 'fr' ? unbrokenPage(markup) : markup,
    policy: [
      "default-src 'none'",
      `style-src ${styles.map(({ source }) => source).join(' ')}`,
      ...(script ? [`script-src ${script.source}`] : []),
      "base-uri 'none'",
      "frame-ancestors 'none'",
      ...policy,
    ].join('; '),
  }
}

function foot({ language, translation, reference }: PageParts): Html | undefined {
  if (translation === undefined && reference === undefined) return undefined
  const { other, ...text } = texts[language]
  const support = html`<span>${text.reference} <code>${reference}</code></span>`
  const link = html`<a href="${translation}" lang="${other}" hreflang="${other}"
    >${texts[other].name}</a
  >`
  return html`<footer>${translation !== undefined && link}${reference && support}</footer>`
}

/** Sends a page that nobody keeps, and that tells no other site where its reader came from. */
export const sendPage = (
  reply: FastifyReply,
  status: number,
  { markup, policy }: Page,
): FastifyReply =>
  reply
    .code(status)
    .headers({ ...privately, 'Content-Security-Policy': policy })
    .type('text/html; charset=utf-8')
    .send(markup)

/** For a page, and for a redirect that comes instead of one. */
export const privately = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' }

/** Whether a person is to read the answer: programs do not ask for HTML. */
export const wantsPage = ({ headers }: FastifyRequest): boolean =>
  headers.accept?.includes('text/html') === true
