import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** The operator's own receiver on a real socket: what came, in order. `state.status` may be changed at any time. */
export async function mailbox() {
  const came: { path: string; headers: IncomingHttpHeaders; body: string }[] = []
  const state = { status: 200 }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url: path = '', headers } = request
      came.push({ path, headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(state.status).end('thank you')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { host, came, state, take: () => came.splice(0) }
}
