import { readFileSync } from 'node:fs'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { Resolve } from '../../../src/webhooks/relay/resolve.ts'

type Answering = (request: Http2ServerRequest, response: Http2ServerResponse) => void

const pem = readFileSync(new URL('erp.acme.test.pem', import.meta.url), 'utf8')
const [certificate = ''] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(pem)!

/** Where every name leads in these tests. */
export const toLoopback: Resolve = (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }])

/**
 * A site behind TLS with a certificate for erp.acme.test, which is trusted until the test ends. As most of today's servers it
 * speaks HTTP/2 with whom wants it. Notes the names that were asked for, and the requests.
 */
export async function tlsReceiver(
  answering: Answering = (_, response) => response.end(),
  /** Whether a handshake, counted from 1, is gone through with. */
  greets: (handshake: number) => boolean = () => true,
) {
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, certificate])
  onTestFinished(() => setDefaultCACertificates(trusted))

  const names: string[] = []
  const requests: Pick<Http2ServerRequest, 'httpVersion' | 'headers'>[] = []
  const server = createSecureServer(
    {
      key: pem,
      cert: pem,
      allowHTTP1: true,
      SNICallback(name, done) {
        if (greets(names.push(name))) done(null)
      },
    },
    (request, response) => {
      requests.push({ httpVersion: request.httpVersion, headers: request.headers })
      request.resume()
      answering(request, response)
    },
  )
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket: { destroy(): void }) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, names, requests, url: (host: string) => `https://${host}:${port}/hook` }
}
