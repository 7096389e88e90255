import { assert, constantFrom, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { foldName, isName } from '../../src/names.ts'
import { inForm } from '../support/form.ts'

test.each([
  ['a name', 'erp.acme.example'],
  ['a name in several words', 'Acme & fils, Paris'],
  ['accents and other scripts', 'Société Générale 株式会社'],
  ['what means something to a shell', "TA; touch /tmp/PWNED # '$(id)'"],
  ['140 characters', 'x'.repeat(140)],
])('%s may be given', (_, text) => {
  expect(isName(text)).toBe(true)
})

test.each([
  ['nothing', ''],
  ['141 characters', 'x'.repeat(141)],
  ['an outer space', ' acme'],
  ['a line break', 'acme\nbeta'],
  ['an escape sequence', '\u001b[31macme'],
  ['a one-byte control sequence', '\u009b31macme'],
  ['NUL', 'acme\0'],
  ['a zero-width space', 'ac\u200bme'],
  ['a zero-width joiner', 'ac\u200dme'],
  ['a byte-order mark', 'ac\ufeffme'],
  ['a soft hyphen', 'ac\u00adme'],
  ['a turn of the reading direction', 'ac\u202eme'],
  ['an isolate', 'ac\u2066me'],
  ['a line separator', 'ac\u2028me'],
  ['half of a pair', 'ac\ud800me'],
  ['a filler', 'ac\u3164me'],
  ['a variation selector', 'ac\ufe0fme'],
  ['a tag', 'ac\u{e0041}me'],
])('%s may not', (_, text) => {
  expect(isName(text)).toBe(false)
})

test.each([
  ['upper and lower case', 'Claire@Acme.example', 'claire@acme.example'],
  ['outer blanks of any kind', ' \tclaire\u00A0\u3000', 'claire'],
  ['an accent of its own or with its letter', 'Ame\u0301lie', 'AM\u00C9LIE'],
  ['full width', 'ＥＲＰ．ａｃｍｅ', 'erp.acme'],
  ['ligatures', 'Oﬃce', 'office'],
  ['a sharp s in its three spellings', 'STRASSE', 'straße'],
  ['the capital sharp s', 'STRAẞE', 'straße'],
  ['a sigma at the end of a word', 'ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
  ['a sigma that is not written as the final one', 'οδυσσευσ', 'οδυσσευς'],
])('%s is the same name', (_what, one, other) => {
  expect(foldName(one)).toBe(foldName(other))
})

test.each([
  ['an accent', 'élie', 'elie'],
  ['the dotless i of Turkish', 'kırık', 'kirik'],
  ['its dotted capital', 'İrem', 'irem'],
  ['a letter of another alphabet that looks alike', 'асme', 'acme'],
  ['a blank within', 'ann lee', 'annlee'],
])('%s makes another name', (_what, one, other) => {
  expect(foldName(one)).not.toBe(foldName(other))
})

test('a folded name is its own fold, and so is every case and form of it', () => {
  const letters = oneof(
    string({ unit: 'grapheme' }),
    string({ unit: 'binary' }),
    string({ unit: constantFrom(...Array.from('aßẞſςσΣıİIiKÅǆŉΐﬁé\u0301\u0307\u0345 \u00A0')) }),
  )
  assert(
    property(letters, (name) => {
      const folded = foldName(name)
      expect(foldName(folded)).toBe(folded)
      for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
        expect(foldName(name.normalize(form))).toBe(folded)
      }
      expect(foldName(` ${name}\n`)).toBe(folded)
    }),
    { numRuns: inForm(100, 500) },
  )
})

test('every letter has the fold of its own upper and lower case, but for the dotless i', () => {
  const apart: string[] = []
  for (let point = 0; point <= 0x10_ffff; point += 1) {
    const letter = String.fromCodePoint(point)
    const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()]
    if (lower === letter && upper === letter) continue
    const folds = [letter, lower, upper, upper.toLowerCase()].map(foldName)
    if (new Set(folds).size > 1) apart.push(letter)
  }

  expect(apart).toEqual(['ı'])
})
