export type Language = 'fr' | 'en'

/** French or English, whichever `Accept-Language` prefers; `otherwise` when it names neither. */
export function languageOf(header: string | undefined, otherwise: Language = 'en'): Language {
  const wishes = (header ?? '').split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';')
    const quality = parameters
      .find((one) => one.trim().startsWith('q='))
      ?.trim()
      .slice(2)
    return { language: tag.slice(0, 2), quality: quality === undefined ? 1 : Number(quality) }
  })
  const known = wishes.filter(
    ({ language, quality }) => (language === 'fr' || language === 'en') && quality > 0,
  )
  known.sort((a, b) => b.quality - a.quality)
  return (known[0]?.language as Language | undefined) ?? otherwise
}
