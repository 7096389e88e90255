export const languages = ['en', 'fr'] as const

/** What we and Bridge can say things in. */
export type Language = (typeof languages)[number]

/** The language meant by `lang`, else by an Accept-Language header (RFC 9110: the weightiest first), else English. */
export function languageOf(lang: string | undefined, acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined && lang === undefined) return 'en'
  const accepted = (acceptLanguage ?? '')
    .split(',')
    .map((range) => ({ range, weight: Number(/;\s*q=([0-9.]+)/i.exec(range)?.[1] ?? 1) }))
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
  for (const wish of [lang ?? '', ...accepted.map(({ range }) => range)]) {
    const known = languages.find((language) => wish.trim().toLowerCase().startsWith(language))
    if (known) return known
  }
  return 'en'
}
