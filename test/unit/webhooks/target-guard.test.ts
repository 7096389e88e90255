import type { LookupAddress } from 'node:dns'
import { expect, onTestFinished, test } from 'vitest'
import type { Resolve } from '../../../src/webhooks/relay/resolve.ts'
import { createSender } from '../../../src/webhooks/relay/sender.ts'
import {
  checkTarget,
  isNever,
  isReachable,
  loopback,
  openedTo,
  TargetRefusedError,
} from '../../../src/webhooks/relay/target-guard.ts'
import { receiver } from './receiver.ts'

const own = 'https://bank.example'

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
  '192.0.0.8',
  '192.0.2.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
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

test('a site opens what lies within the operator’s bounds, and in a sandbox loopback is open', () => {
  const own = ['10.1.2.0/24', '192.168.0.0/16']
  const allowedTargets = ['10.1.0.0/16']

  expect(openedTo(own, { sandbox: undefined, allowedTargets })).toEqual(['10.1.2.0/24'])
  expect(openedTo(own, { sandbox: { port: 1 }, allowedTargets })).toEqual([
    ...loopback,
    '10.1.2.0/24',
  ])
  expect(openedTo(own, { sandbox: undefined, allowedTargets: [] })).toEqual([])
})

test('link-local and metadata addresses cannot be opened', () => {
  const opened = ['0.0.0.0/0', '::/0']

  for (const address of ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254', 'fe80::1']) {
    expect(isReachable(address, opened)).toBe(false)
  }
  expect(isReachable('10.0.0.1', opened)).toBe(true)
  expect([isNever('169.254.169.0/24'), isNever('10.0.0.0/8')]).toEqual([true, false])
})

test.each([
  ['mapped', '::ffff:169.254.169.254'],
  ['NAT64', '64:ff9b::a9fe:a9fe'],
  ['NAT64 of one’s own', '64:ff9b:1::a9fe:a9fe'],
  ['6to4', '2002:a9fe:a9fe::1'],
  ['IPv4-compatible', '::a9fe:a9fe'],
  ['NAT64, Azure', '64:ff9b::a83f:8110'],
  ['behind Teredo', '2001:0:5db8:d822::5601:5601'],
  ['a Teredo server', '2001:0:a9fe:a9fe::a247:27f1'],
])('the metadata service stays out of reach in IPv6 that carries IPv4: %s', (_, address) => {
  expect(isReachable(address, ['::/0', '0.0.0.0/0'])).toBe(false)
})

test.each(['64:ff9b::a00:1', '2002:a00:1::1', '::a00:1', '2001:0:5db8:d822::f5ff:fffe'])(
  'an opened range is within reach though it carries IPv4: %s',
  (address) => {
    expect(isReachable(address, ['::/0'])).toBe(true)
  },
)

const addresses = (...found: string[]): LookupAddress[] =>
  found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

const resolvesTo =
  (...found: string[]): Resolve =>
  (_, done) =>
    done(found.length > 0 ? null : new Error('ENOTFOUND'), addresses(...found))

const neverAsked: Resolve = () => {
  throw new Error('looked up')
}

const site = 'https://erp.acme.example/hook'

/** Why it is refused, the URL, and what its name resolves to; without that it must be refused before any look-up. */
const refused: [string, string, Resolve?][] = [
  ['loopback', 'http://127.0.0.1/'],
  ['loopback, shortened', 'http://127.1/'],
  ['loopback as a number', 'http://2130706433/'],
  ['loopback in hex', 'http://0x7f000001/'],
  ['loopback in octal', 'http://0177.0.0.1/'],
  ['loopback in full-width digits', 'http://１２７.0.0.1/'],
  ['loopback with a trailing dot', 'http://127.0.0.1./'],
  ['this host', 'http://0.0.0.0/'],
  ['IPv6 loopback', 'http://[::1]/'],
  ['IPv6 unspecified', 'http://[::]/'],
  ['mapped', 'http://[::ffff:127.0.0.1]/'],
  ['mapped, in hex', 'http://[::ffff:7f00:1]/'],
  ['NAT64', 'http://[64:ff9b::7f00:1]/'],
  ['6to4', 'http://[2002:7f00:1::]/'],
  ['link-local', 'http://[fe80::1]/'],
  ['unique local', 'http://[fc00::1]/'],
  ['metadata of AWS over IPv6', 'http://[fd00:ec2::254]/'],
  ['10/8', 'http://10.0.0.1:8080/hook'],
  ['172.16/12', 'http://172.20.0.1/'],
  ['192.168/16', 'http://192.168.0.1/'],
  ['100.64/10', 'http://100.64.0.1/'],
  ['metadata', 'http://169.254.169.254/latest/'],
  ['192.0.0/24', 'http://192.0.0.1/'],
  ['192.0.2/24', 'http://192.0.2.1/'],
  ['198.18/15', 'http://198.18.0.1/'],
  ['198.51.100/24', 'http://198.51.100.1/'],
  ['203.0.113/24', 'http://203.0.113.1/'],
  ['224/4', 'http://224.0.0.1/'],
  ['240/4', 'http://240.0.0.1/'],
  ['credentials before loopback', 'http://public@127.0.0.1/'],
  ['credentials', 'https://user:word@erp.acme.example/'],
  ['a user alone', 'https://user@erp.acme.example/'],
  ['a file', 'file:///etc/passwd'],
  ['gopher', 'gopher://erp.acme.example/'],
  ['data', 'data:text/plain,x'],
  ['localhost', 'http://localhost/'],
  ['localhost with a dot', 'http://localhost./'],
  ['localhost in circled letters', 'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/'],
  ['below localhost', 'http://erp.localhost/'],
  ['internal', 'http://erp.internal/'],
  ['metadata of Google, with a dot', 'http://metadata.google.internal./'],
  ['our own address', `${own}/webhooks/bridge`],
  ['our own address elsewhere', 'https://bank.example:8443/'],
  ['our own address with a dot', 'http://BANK.example./'],
  ['a private name', site, resolvesTo('10.0.0.1')],
  ['a private name with a dot', 'https://erp.acme.example./', resolvesTo('10.0.0.1')],
  ['a private name in IDN', 'https://bücher.example/', resolvesTo('::1')],
  ['one public and one private address', site, resolvesTo('93.184.215.14', '10.0.0.1')],
]

test.each(refused)('%s cannot be saved: %s', async (_, url, resolve = neverAsked) => {
  await expect(checkTarget(url, { opened: [], own }, resolve)).rejects.toThrow(TargetRefusedError)
})

test.each(refused)('%s is not dialled: %s', async (_, url, resolve = neverAsked) => {
  const sender = createSender({ own, resolve })
  onTestFinished(() => sender.close())

  const answer = await sender.send({ url, headers: {}, body: Buffer.from('{}'), opened: [] })

  expect(answer).toEqual({ status: null, error: 'the address is not allowed', refused: true })
})

test('a name is saved when all its addresses may be dialled, or none is known yet', async () => {
  await checkTarget(site, { opened: [], own }, resolvesTo('93.184.215.14', '2606:2800:21f::1'))
  await checkTarget(site, { opened: [], own }, resolvesTo())
  await checkTarget(site, { opened: ['10.0.0.0/8'], own }, resolvesTo('10.0.0.1'))
})

test('a local name leads to opened ranges only, whatever it resolves to', async () => {
  const bounds = { opened: ['10.1.0.0/16'], own }

  await checkTarget('https://erp.internal/', bounds, resolvesTo('10.1.0.1'))

  await expect(
    checkTarget('https://erp.internal/', bounds, resolvesTo('93.184.215.14')),
  ).rejects.toThrow(TargetRefusedError)
})

test('a local name leads to no metadata service, whatever is opened', async () => {
  const bounds = { opened: ['0.0.0.0/0'], own }
  const check = checkTarget('https://erp.internal/', bounds, resolvesTo('169.254.169.254'))

  await expect(check).rejects.toThrow(TargetRefusedError)
})

test('beside our own port, a loopback that is open has other servers', async () => {
  const bounds = { opened: loopback, own: 'http://127.0.0.1:8080' }

  await checkTarget('http://127.0.0.1:8000/hook', bounds)

  await expect(checkTarget('http://127.0.0.1:8080/hook', bounds)).rejects.toThrow(
    TargetRefusedError,
  )
})

test('a name that flips between check and dial is refused at the dial, and the address dialled is the one checked', async () => {
  const at = await receiver()
  const { port } = new URL(at.url)
  const answers = [addresses('93.184.215.14'), addresses('10.0.0.1')]
  let asked = 0
  const flips: Resolve = (_, done) => done(null, answers[asked++] ?? addresses('127.0.0.1'))
  const sender = createSender({ own, resolve: flips })
  onTestFinished(() => sender.close())
  const url = `http://erp.acme.example:${port}/hook`
  await checkTarget(url, { opened: [], own }, flips)
  const post = { url, headers: {}, body: Buffer.from('{}') }

  expect(await sender.send({ ...post, opened: [] })).toMatchObject({ refused: true })
  expect(asked).toBe(2)
  expect(at.posts).toEqual([])

  expect(await sender.send({ ...post, opened: loopback })).toMatchObject({ status: 200 })
  expect(asked).toBe(3)
  expect(at.posts[0]?.headers.host).toBe(`erp.acme.example:${port}`)
})

test('a redirect to a private address is an answer, not a way', async () => {
  const hidden = await receiver()
  const at = await receiver((_, response) => {
    response.writeHead(302, { location: hidden.url }).end()
  })
  const sender = createSender({ own })
  onTestFinished(() => sender.close())

  const post = { url: at.url, headers: {}, body: Buffer.from('{}'), opened: loopback }

  expect(await sender.send(post)).toMatchObject({ status: 302 })
  expect(hidden.posts).toEqual([])
})
