import { expect, test } from 'vitest'
import { isName } from '../src/names.ts'

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
