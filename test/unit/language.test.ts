import { expect, test } from 'vitest'
import { languageOf } from '../../src/language.ts'

test.each([
  ['fr', 'en', 'fr'],
  ['fr-CA', undefined, 'fr'],
  [undefined, 'fr-FR,fr;q=0.9,en;q=0.8', 'fr'],
  [undefined, 'en;q=0.2, fr;q=0.7', 'fr'],
  [undefined, 'fr;q=0, en', 'en'],
  [undefined, 'fr;q=0', 'en'],
  [undefined, 'de, fr; q=0.0', 'en'],
  [undefined, 'de, fr;q=0.1', 'fr'],
  ['de', 'de', 'en'],
  [undefined, ';q=;,,q=x', 'en'],
  [undefined, 'en;q=0, *', 'fr'],
  [undefined, 'fr;q=0, *', 'en'],
  [undefined, '*;q=0.1, fr;q=0.5', 'fr'],
  [undefined, 'de, *;q=0', 'en'],
  [undefined, '*', 'en'],
  [undefined, 'frr', 'en'],
  [undefined, 'FR-fr', 'fr'],
  [undefined, 'fr, en', 'fr'],
  [undefined, '', 'en'],
  ['de', 'fr', 'fr'],
  ['en', 'fr', 'en'],
  ['fr_FR', 'en', 'fr'],
  [undefined, undefined, 'en'],
] as const)('lang %j and Accept-Language %j mean %s', (lang, header, language) => {
  expect(languageOf(lang, header)).toBe(language)
})
