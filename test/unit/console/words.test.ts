import { expect, test } from 'vitest'
import { wordsFor } from '../../../src/console/pages/words.ts'
import type { Language } from '../../../src/language.ts'

const now = Date.parse('2026-03-01T12:00:00Z')
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]

const times: readonly [ms: number, en: string, fr: string][] = [
  [2, '2 ms', '2 ms'],
  [120, '0.1 s', '0,1 s'],
  [45_000, '45 s', '45 s'],
  [90_000, '90 s', '90 s'],
  [5 * minute, '5 minutes', '5 minutes'],
  [hour, '1 hour', '1 heure'],
  [90 * minute, '90 minutes', '90 minutes'],
  [3 * hour, '3 hours', '3 heures'],
  [day, '1 day', '1 jour'],
  [30 * day, '30 days', '30 jours'],
]

const plain = (text: string): string => text.replaceAll(/<[^>]+>/g, '').replaceAll(/\s/g, ' ')

test.each(times)('%i ms are written as people write them', (ms, en, fr) => {
  expect(plain(wordsFor('en', now).lasting(ms))).toBe(en)
  expect(plain(wordsFor('fr', now).lasting(ms))).toBe(fr)
})

test.each<[Language, number, string]>([
  ['en', 0, 'now'],
  ['en', 400, 'now'],
  ['en', -400, 'now'],
  ['fr', 0, 'maintenant'],
  ['en', -5_000, '5 seconds ago'],
  ['en', 5 * minute, 'in 5 minutes'],
  ['fr', -3 * hour, 'il y a 3 heures'],
  ['fr', 3 * day, 'dans 3 jours'],
  // As explain rounds them, whose words stand on the same page.
  ['fr', 4.6 * hour, 'dans 5 heures'],
  ['en', -2.5 * day, '3 days ago'],
  ['en', -47.7 * hour, '48 hours ago'],
])('in %s a time %i ms from now is said as seen from now', (language, ms, said) => {
  expect(plain(wordsFor(language, now).ago(now + ms).markup)).toBe(said)
})
