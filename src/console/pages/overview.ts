import { html, type Html } from '../../html/html.ts'
import type { Page } from '../../html/page.ts'
import type { Language } from '../../language.ts'
import { framed, type Frame } from './frame.ts'

const texts = {
  en: { title: 'Overview', said: 'You are inside.' },
  fr: { title: 'Vue d’ensemble', said: 'Vous êtes dans la console.' },
} as const satisfies Record<Language, object>

/** How the whole installation is. */
export function overviewPage(frame: Frame): Page {
  const text = texts[frame.language]
  const body: Html = html`<p>${text.said}</p>`
  return framed(frame, text.title, body)
}
