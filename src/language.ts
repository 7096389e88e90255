import Negotiator from 'negotiator'

export const languages = ['en', 'fr'] as const

/** What we and Bridge can say things in. */
export type Language = (typeof languages)[number]

/** The language meant by `lang`, else by an Accept-Language header (RFC 9110: the weightiest first), else English. */
export function languageOf(lang: string | undefined, acceptLanguage: string | undefined): Language {
  const wish = lang?.trim().toLowerCase() ?? ''
  const asked = languages.find((language) => wish.startsWith(language))
  if (asked !== undefined) return asked
  if (acceptLanguage === undefined) return 'en'
  const negotiator = new Negotiator({ headers: { 'accept-language': acceptLanguage } })
  return (negotiator.language([...languages]) as Language | undefined) ?? 'en'
}
