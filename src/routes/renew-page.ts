import { rewriteHidden } from '../terminal/inert.ts'
import type { Language } from '../language.ts'
import { renewTexts, type RenewTexts } from './renew-texts.ts'

/** What the page shows of a connection; nothing of its accounts. */
export interface Offer {
  bank: string | null
  site: string
  /** Epoch milliseconds. */
  consentEnd: number
  timeZone: string
}

export type NoticeName = 'renewed' | 'expired' | 'unknown' | 'limited' | 'down' | 'done'

/** What the page may do. A browser applies `form-action` to the redirect after a form too, and that one goes to Bridge. */
export const renewPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The page that offers to renew: bank, site, and a button that posts to the page's own address. */
export function offerPage(language: Language, offer: Offer, now: number): string {
  const text = renewTexts[language]
  const { consentEnd, timeZone } = offer
  const locale = language === 'en' ? 'en-GB' : language
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone }).format(consentEnd)
  const named = offer.bank === null ? null : seen(offer.bank)
  const bank = named ?? text.unnamedBank
  return layout(
    language,
    text.title,
    `<p>${escape(text.lead(bank))}</p>
<dl>
${named === null ? '' : row(text.bank, named)}
${row(text.site, seen(offer.site))}
${row(now < consentEnd ? text.until : text.ended, date)}
</dl>
<form method="post"><button>${escape(text.button)}</button></form>
<p class="small">${escape(text.hint)}</p>
<p class="small other">${otherLanguage(text)}</p>`,
  )
}

/** A page that says one thing and offers nothing. */
export function noticePage(language: Language, name: NoticeName): string {
  const text = renewTexts[language]
  const { title, body } = text[name]
  return layout(
    language,
    title,
    `<p>${escape(body)}</p>\n<p class="small other">${otherLanguage(text)}</p>`,
  )
}

/** A name as it can be seen: nothing in it hides, or turns what stands beside it. */
const seen = (name: string): string => rewriteHidden(name, () => '')

const row = (name: string, value: string): string =>
  `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`

const otherLanguage = ({ other: { label, lang } }: RenewTexts): string =>
  `<a href="?lang=${lang}" lang="${lang}" hreflang="${lang}">${escape(label)}</a>`

const style = `
:root{color-scheme:light dark;--ink:#16202e;--soft:#566174;--line:#dfe4ec;--page:#eef2f7;--card:#fff;--main:#1d5fd0;--on:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf5;--soft:#a2aec0;--line:#323d4f;--page:#0f151d;--card:#18212d;--main:#7fb0ff;--on:#0c1420}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--page);color:var(--ink);font:1.05rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:30rem;background:var(--card);border:1px solid var(--line);border-radius:18px;padding:clamp(1.25rem,5vw,2.25rem);box-shadow:0 10px 36px rgb(15 30 60/.09)}
svg{display:block;width:3rem;height:3rem;margin-bottom:1rem;color:var(--main)}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem;text-wrap:balance}
p{margin:0 0 1.25rem;color:var(--soft)}
dl{margin:0 0 1.5rem;border-top:1px solid var(--line)}
dl div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;padding:.65rem 0;border-bottom:1px solid var(--line)}
dt{color:var(--soft)}
dd{margin:0;font-weight:600;overflow-wrap:anywhere}
button{width:100%;padding:.85rem 1rem;font:inherit;font-weight:600;color:var(--on);background:var(--main);border:0;border-radius:12px;cursor:pointer}
button:hover{filter:brightness(1.07)}
button:focus-visible,a:focus-visible{outline:3px solid var(--main);outline-offset:3px}
.small{font-size:.9rem;margin:1.25rem 0 0}
.other{text-align:center}
a{color:inherit}
`

const bankIcon = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M3 9.5 12 4l9 5.5H3Zm2.5 0V17m4.3-7.5V17m4.4-7.5V17m4.3-7.5V17M4 17h16M3 20h18"/></svg>`

const layout = (language: Language, title: string, body: string): string => `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(title)}</title>
<style>${style}</style>
<main>
${bankIcon}
<h1>${escape(title)}</h1>
${body}
</main>
</html>
`

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Safe in text and in quoted attributes. */
const escape = (text: string): string => text.replace(/[&<>"']/g, (letter) => entities[letter]!)
