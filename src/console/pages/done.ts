import { z } from 'zod'
import { html, type Html } from '../../html/html.ts'
import type { Language } from '../../language.ts'
import { wordsFor } from './words.ts'

/** What was done, and how many it met. */
export type Done = Partial<Record<(typeof acts)[number], number>>

const acts = ['replayed', 'tested', 'enabled'] as const

const texts: Readonly<Record<Language, Record<(typeof acts)[number], (count: string) => string>>> =
  {
    en: {
      replayed: (count) => `On their way again: ${count}.`,
      tested: () => 'A test was sent. What came of it stands below.',
      enabled: (count) =>
        `The endpoint is tried again, with what waited or died meanwhile: ${count}.`,
    },
    fr: {
      replayed: (count) => `De nouveau en route : ${count}.`,
      tested: () => 'Un test a été envoyé. Le résultat est ci-dessous.',
      enabled: (count) =>
        `Le point d’accès est de nouveau essayé, avec ce qui attendait ou avait été abandonné : ${count}.`,
    },
  }

const query = z.object({
  done: z.enum(acts),
  count: z.coerce.number().int().min(0).max(1e9).catch(0),
})

/** What an address says was done before its page is shown. */
export function doneIn(words: unknown): Done | undefined {
  const read = query.safeParse(words)
  return read.success ? { [read.data.done]: read.data.count } : undefined
}

/** The same in a line. */
export function doneLine(language: Language, done: Done | undefined): Html | null {
  const [first] = Object.entries(done ?? {})
  if (!first) return null
  const [name, count] = first as [(typeof acts)[number], number]
  return html`<p class="done" role="status">
    ${texts[language][name](wordsFor(language, 0).number(count))}
  </p>`
}
