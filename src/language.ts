import Negotiator from 'negotiator'

export const languages = ['en', 'fr'] as const

/** What we and Bridge can say things in. */
export type Language = (typeof languages)[number]

/** The same in each language. */
export type Localized = Readonly<Record<Language, string>>

/** French writes a space before these signs and within its quotation marks, where no line may end. */
export const unbroken = (text: string): string => text.replaceAll(/ (?=[:;?!»])|(?<=«) /g, '\u00a0')

/** The language that `lang` begins with, as `fr-CH`; undefined for another, or none. */
export function languageNamed(lang: string | undefined): Language | undefined {
  const wish = lang?.trim().toLowerCase() ?? ''
  return languages.find((language) => wish.startsWith(language))
}

/** The language meant by `lang`, else by an Accept-Language header (RFC 9110: the weightiest first), else English. */
export function languageOf(lang: string | undefined, acceptLanguage: string | undefined): Language {
  const asked = languageNamed(lang)
  if (asked !== undefined) return asked
  if (acceptLanguage === undefined) return 'en'
  const negotiator = new Negotiator({ headers: { 'accept-language': acceptLanguage } })
  return (negotiator.language([...languages]) as Language | undefined) ?? 'en'
}
