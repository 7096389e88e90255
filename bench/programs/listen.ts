import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on a free port and tells it to whoever started this program. */
export function listen(server: Pick<Server, 'listen' | 'address'>, host = '127.0.0.1'): void {
  server.listen(0, host, () => say(server))
}

export const say = (server: Pick<Server, 'address'>): void =>
  void process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`)

/** Does the work each time it is asked, and answers what it came to. */
export function workWhenAsked(work: () => Promise<number>): void {
  const server = createServer((_request, response) => {
    work().then(
      (result) => response.end(String(result)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  server.requestTimeout = 0
  listen(server)
}
