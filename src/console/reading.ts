import type { FastifyRequest } from 'fastify'
import { choiceIn, inOther, languageFor } from '../html/reader-language.ts'
import { languageOf, type Language } from '../language.ts'

/** Remembers which language was chosen on a page. No secret. */
export const languageCookie = 'bank-api-language'

/** What the page speaks: as chosen now, or on a page before, else the browser's. */
export function languageIn(request: FastifyRequest): Language {
  const before = request.cookies[languageCookie]
  if (choiceIn(request) !== undefined || before === undefined) return languageFor(request)
  return languageOf(before, request.headers['accept-language'])
}

/** The words of a query, each once and not too long. */
const wordsIn = (request: FastifyRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.query as Record<string, unknown>).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].length <= 200,
    ),
  )

/** The same page in the other language. */
export function translationOf(request: FastifyRequest, language: Language): string {
  const { lang: _, ...words } = wordsIn(request)
  return inOther(language, words)
}
