import { expect, test } from 'vitest'
import { targetFacts } from '../../../src/webhooks/relay/target-facts.ts'
import { loopback } from '../../../src/webhooks/relay/target-guard.ts'
import { tricklingSite } from '../../support/trickling-site.ts'
import { receiver } from './receiver.ts'
import { tlsReceiver, toLoopback } from './tls-receiver.ts'
import { tryTime } from '../../support/try-time.ts'

test('of a trusted site the protocol, the certificate’s end and its issuer are told', async () => {
  const site = await tlsReceiver()

  const facts = await targetFacts(site.url('erp.acme.test'), { opened: loopback }, toLoopback)

  expect(facts).toMatchObject({
    addresses: ['127.0.0.1'],
    dnsError: null,
    tls: { protocol: 'TLSv1.3', issuer: 'erp.acme.test', error: null },
  })
  expect(facts.tls?.validUntil).toBeGreaterThan(1_700_000_000_000)
})

test('a certificate for another name is told, and nothing is sent', async () => {
  const site = await tlsReceiver()

  const { tls } = await targetFacts(site.url('shop.acme.test'), { opened: loopback }, toLoopback)

  expect(tls).toMatchObject({ protocol: 'TLSv1.3', error: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  expect(site.requests).toEqual([])
})

test('an http port behind an https address is told', async () => {
  const { url } = await receiver()

  const { tls } = await targetFacts(url.replace('http:', 'https:'), { opened: loopback })

  expect(tls?.error).toMatch(/SSL|EPROTO/)
})

test('a site that trickles its handshake is given up', async () => {
  const { port, isHeard } = await tricklingSite()
  const time = tryTime(5_000)

  const facts = targetFacts(`https://127.0.0.1:${port}/`, { opened: loopback })
  await isHeard
  time.isOver()

  expect(await facts).toMatchObject({ tls: { protocol: null, error: 'no answer in time' } })
})

test('an address that webhooks may not go to is not dialled', async () => {
  const site = await tlsReceiver()

  const facts = await targetFacts(site.url('erp.acme.test'), { opened: [] }, toLoopback)

  expect(facts).toEqual({ addresses: ['127.0.0.1'], dnsError: null, tls: null })
  expect(site.names).toEqual([])
})

test('a name that does not resolve is told', async () => {
  const nowhere = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })

  const facts = await targetFacts('https://nowhere.test/', { opened: [] }, (_, done) =>
    done(nowhere, []),
  )

  expect(facts).toEqual({ addresses: [], dnsError: 'ENOTFOUND', tls: null })
})
