import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { languageOf, languages, type Language } from '../language.ts'

const chosen = z.object({ lang: z.enum(languages).optional().catch(undefined) })

/** The language that was chosen on the page, just now. */
export const choiceIn = (request: FastifyRequest): Language | undefined =>
  chosen.parse(request.query).lang

/** What a page speaks: the language chosen on it, else the browser's. */
export const languageFor = (request: FastifyRequest): Language =>
  languageOf(choiceIn(request), request.headers['accept-language'])

/** Where the page is in the other language: at its own address, with the words that its query keeps. */
export function inOther(
  language: Language,
  words: Readonly<Record<string, string | number | null>> = {},
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(words)) {
    if (value !== null && value !== '') query.set(name, String(value))
  }
  query.set('lang', language === 'en' ? 'fr' : 'en')
  return `?${query.toString()}`
}
