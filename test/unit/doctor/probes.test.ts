import { expect, test } from 'vitest'
import { systemProbes } from '../../../src/doctor/probes.ts'
import { tlsReceiver } from '../webhooks/tls-receiver.ts'

const probesBehind = (https?: string) =>
  systemProbes({
    mailFrom: undefined,
    secrets: { proxy: { http: https, https, none: '' } } as never,
  })

test('a certificate’s end is told of a host that is trusted, and of no other', async () => {
  const { port } = await tlsReceiver()
  const { certificateEnd } = probesBehind()

  expect(await certificateEnd('erp.acme.test', '127.0.0.1', port)).toBeGreaterThan(1.7e12)
  await expect(certificateEnd('shop.acme.test', '127.0.0.1', port)).rejects.toThrow(
    'ERR_TLS_CERT_ALTNAME_INVALID',
  )
})
