import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Json } from './open-sandbox.ts'

export interface Received {
  body: string
  event: Json
  signature: string
}

/** A place on a real socket where webhooks arrive. It answers `status`, or nothing at all while 0. */
export async function openReceiver() {
  const receiver = { url: '', status: 200, received: [] as Received[], types: (): string[] => [] }
  receiver.types = () => receiver.received.map(({ event }) => event.type)
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => (body += part))
    request.on('end', () => {
      const signature = String(request.headers['bridgeapi-signature'])
      receiver.received.push({ body, event: JSON.parse(body), signature })
      if (receiver.status === 0) return
      response.writeHead(receiver.status, { location: 'http://127.0.0.1:9/' }).end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return receiver
}
