import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Where the site of this number listens: each number has an address of its own. */
export const siteAddress = (number: number, port: number): string =>
  `http://127.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}:${port}/api/method/bank.webhooks.receive`

/** Sites that take every webhook and write down when it came. */
export interface Sites {
  port: number
  /** When the webhook of each number came. */
  came: ReadonlyMap<number, number>
  hears(number: number): Promise<void>
  close(): void
}

/** Opens sites in this process, on all its addresses; under `/hang` they never answer. */
export async function openSites(): Promise<Sites> {
  const came = new Map<number, number>()
  const waiting = new Map<number, () => void>()
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const at = performance.now()
      if (incoming.url?.startsWith('/hang')) return
      response.end('{}')
      const { content } = JSON.parse(Buffer.concat(chunks).toString()) as {
        content: { nb_new_transactions: number }
      }
      came.set(content.nb_new_transactions, at)
      waiting.get(content.nb_new_transactions)?.()
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    came,
    hears: (number: number) =>
      new Promise<void>((resolve) => {
        waiting.set(number, resolve)
        if (came.has(number)) resolve()
      }),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
