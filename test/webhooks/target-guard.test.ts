import { expect, test } from 'vitest'
import { checkTarget, isReachable, TargetRefusedError } from '../../src/webhooks/target-guard.ts'

test.each([
  '127.0.0.1',
  '127.8.8.8',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.169.254',
  '168.63.129.16',
  '192.0.2.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001:db8::1',
  '100::1',
  '100:0:0:1::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  '4000::1',
  '127.1',
  '2130706433',
  '0x7f.1',
  'localhost',
  '',
])('%s is out of reach', (address) => {
  expect(isReachable(address, [])).toBe(false)
})

test.each(['93.184.215.14', '8.8.8.8', '172.32.0.1', '::ffff:8.8.8.8', '2606:2800:21f::1'])(
  '%s is within reach',
  (address) => {
    expect(isReachable(address, [])).toBe(true)
  },
)

test('an opened range is within reach, in either spelling, and nothing beside it', () => {
  const opened = ['10.1.0.0/16', 'fd12::/16']

  expect(isReachable('10.1.2.3', opened)).toBe(true)
  expect(isReachable('::ffff:10.1.2.3', opened)).toBe(true)
  expect(isReachable('fd12::1', opened)).toBe(true)
  expect(isReachable('10.2.0.1', opened)).toBe(false)
})

test('link-local and metadata addresses cannot be opened', () => {
  const opened = ['0.0.0.0/0', '::/0']

  for (const address of ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254', 'fe80::1']) {
    expect(isReachable(address, opened)).toBe(false)
  }
  expect(isReachable('10.0.0.1', opened)).toBe(true)
})

test.each([
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://[::1]/',
  'http://[::ffff:7f00:1]/',
  'http://１２７.0.0.1/',
  'http://10.0.0.1:8080/hook',
  'http://169.254.169.254/latest/',
])('%s cannot be saved', async (url) => {
  await expect(
    checkTarget(url, [], () => {
      throw new Error('looked up')
    }),
  ).rejects.toThrow(TargetRefusedError)
})

const resolvesTo =
  (...addresses: string[]) =>
  (_: string, done: (error: Error | null, found: { address: string; family: number }[]) => void) =>
    done(
      addresses.length > 0 ? null : new Error('ENOTFOUND'),
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

test('a name is saved when one of its addresses is public, or none is known yet', async () => {
  const url = 'https://erp.acme.test/hook'

  await checkTarget(url, [], resolvesTo('10.0.0.1', '93.184.215.14'))
  await checkTarget(url, [], resolvesTo())
  await checkTarget(url, ['10.0.0.0/8'], resolvesTo('10.0.0.1'))
  await expect(checkTarget(url, [], resolvesTo('10.0.0.1', '::1'))).rejects.toThrow(
    TargetRefusedError,
  )
})
