import { expect, test } from 'vitest'
import { bare, isRange, isRangeWithin, isWithin, networkOf } from '../../src/networks.ts'

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

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['203.0.113.9:4001', '203.0.113.9'],
  ['[2001:db8::1]', '2001:db8:0:0::/64'],
  ['[2001:db8::1]:4001', '2001:db8:0:0::/64'],
  ['"[2001:db8::1]:4001"', '2001:db8:0:0::/64'],
  ['[::ffff:192.0.2.7]:80', '192.0.2.7'],
  ['unknown', 'unknown'],
  ['_hidden', 'unknown'],
  ['203.0.113.9:4001:4002', 'unknown'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test.each([
  ['10.1.2.3', true],
  ['10.1.2.3:4001', true],
  ['::ffff:10.1.2.3', true],
  ['192.0.2.1', true],
  ['[2001:db8::5]:4001', true],
  ['172.17.3.4', true],
  ['192.0.2.2', false],
  ['172.32.0.1', false],
  ['2001:db9::5', false],
  ['unknown', false],
])('whether %s is one of the proxies: %s', (address, expected) => {
  const isProxy = isWithin(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::ffff:172.16.0.0/108'])

  expect(isProxy(address)).toBe(expected)
})
