import type { Language } from '../language.ts'
import { html, type Html } from './html.ts'
import { css } from './inline.ts'

const texts: Readonly<Record<Language, string>> = {
  en: 'Sandbox — no real bank, no real data',
  fr: 'Bac à sable — aucune vraie banque, aucune vraie donnée',
}

export const sandboxBannerStyle = css`
  .sandbox-banner {
    background: #ffd43b;
    color: #201a00;
    text-align: center;
    font-weight: 600;
    font-size: 0.85rem;
    padding: 0.5rem 1rem;
  }
`

/** Stands above every page of a sandbox, so that nobody takes its banks for real ones. */
export const sandboxBanner = (language: Language): Html =>
  html`<div class="sandbox-banner" role="note">${texts[language]}</div>`
