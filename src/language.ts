export const languages = ['en', 'fr'] as const

/** What we and Bridge can say things in. */
export type Language = (typeof languages)[number]

/** The language meant by `lang`, else by an Accept-Language header in its own order, else English. */
export function languageOf(lang: string | undefined, acceptLanguage: string | undefined): Language {
  const wishes = [lang ?? '', ...(acceptLanguage ?? '').split(',')]
  for (const wish of wishes) {
    const known = languages.find((language) => wish.trim().toLowerCase().startsWith(language))
    if (known) return known
  }
  return 'en'
}
