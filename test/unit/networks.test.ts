import { expect, test } from 'vitest'
import { bare, isRange, isRangeWithin } from '../../src/networks.ts'

test.each([
  ['10.1.2.0/24', '10.1.0.0/16', true],
  ['10.1.0.0/16', '10.1.0.0/16', true],
  ['10.1.0.0/8', '10.1.0.0/16', false],
  ['10.2.0.0/24', '10.1.0.0/16', false],
  ['::/0', '0.0.0.0/0', false],
])('%s lies within %s: %s', (cidr, bound, within) => {
  expect(isRangeWithin(cidr, bound)).toBe(within)
})

test.each([
  ['10.1.2.0/24', true],
  ['fd12::/16', true],
  ['10.1.2.3', false],
  ['10.1.2.0/33', false],
  ['10.1.2/24', false],
  ['10.1.2.0/', false],
  ['site.acme.test/24', false],
])('%s is a range: %s', (text, expected) => {
  expect(isRange(text)).toBe(expected)
})

test('a URL’s IPv6 address loses its brackets, and nothing else changes', () => {
  expect(['[::1]', '127.0.0.1', 'acme.test'].map(bare)).toEqual(['::1', '127.0.0.1', 'acme.test'])
})
