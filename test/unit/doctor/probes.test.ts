import { expect, test } from 'vitest'
import { systemProbes } from '../../../src/doctor/probes.ts'
import { tricklingSite } from '../../support/trickling-site.ts'
import { tryTime } from '../../support/try-time.ts'
import { tlsReceiver } from '../webhooks/tls-receiver.ts'

const probesBehind = (https?: string) =>
  systemProbes({
    mailFrom: undefined,
    secrets: { proxy: { http: https, https, none: '' } } as never,
  })

test('a proxy that trickles its answer holds up nobody beyond the limit', async () => {
  const proxy = await tricklingSite(Buffer.from('HTTP/1.1 200 OK\r\nx-long: '))
  const time = tryTime(10_000)

  const answer = probesBehind(`http://127.0.0.1:${proxy.port}`).get('https://bridge.test/v3/')
  await proxy.isHeard
  time.isOver()

  await expect(answer).rejects.toThrow('No answer in 10000 ms')
})

test('a certificate’s end is told of a host that is trusted, and of no other', async () => {
  const { port } = await tlsReceiver()
  const { certificateEnd } = probesBehind()

  expect(await certificateEnd('erp.acme.test', '127.0.0.1', port)).toBeGreaterThan(1.7e12)
  await expect(certificateEnd('shop.acme.test', '127.0.0.1', port)).rejects.toThrow(
    'ERR_TLS_CERT_ALTNAME_INVALID',
  )
})
