import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { languageOf, type Language } from '../language.ts'

const asked = z.object({ lang: z.enum(['fr', 'en']).optional().catch(undefined) })

/** What a page speaks: the language chosen on it, else the browser's. */
export const languageFor = (request: FastifyRequest): Language =>
  languageOf(asked.parse(request.query).lang, request.headers['accept-language'])

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
