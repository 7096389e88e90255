import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Finishing } from './gateway.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- events are read as a site reads them
type Json = any

/** One webhook as it came. */
export interface Heard {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
  event: Json
}

/** What a site does with a webhook: takes it, cuts the connection, or never answers. */
export type Manners = 'take' | 'cut' | 'hang'

/** An ERP site as far as webhooks see it: a real socket that writes down what it is sent. */
export interface ReceivingSite {
  origin: string
  webhookUrl: string
  heard: Heard[]
  of(type: string): Heard[]
  /** Resolves with the `count`th webhook of this type, once it is there. */
  hears(type: string, count?: number): Promise<Heard>
  /** Asked for each webhook, which stands in `heard` already. May be replaced at any time. */
  manners: (heard: Heard) => Manners
}

export async function openSite(onTestFinished: Finishing): Promise<ReceivingSite> {
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const { method = '', url: path = '', headers } = request
      const heard = { method, path, headers, body, event: JSON.parse(body) }
      site.heard.push(heard)
      const manners = site.manners(heard)
      if (manners === 'take') response.end('{}')
      if (manners === 'cut') request.socket.destroy()
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const site: ReceivingSite = {
    origin,
    webhookUrl: `${origin}/api/method/bank.webhooks.receive`,
    heard: [],
    of: (type) => site.heard.filter(({ event }) => event.type === type),
    hears: (type, count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          const found = site.of(type)[count - 1]
          if (!found) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    manners: () => 'take',
  }
  return site
}

/**
 * The two signatures a site expects of a webhook, from its secret and what came: Standard Webhooks' and Frappe's, written
 * from their documents and not by our own code.
 */
export function expectedSignatures(
  { headers, body }: Heard,
  secret: string,
): { 'webhook-signature': string; 'x-frappe-webhook-signature': string } {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
  const standard = createHmac('sha256', key).update(signed).digest('base64')
  return {
    'webhook-signature': `v1,${standard}`,
    'x-frappe-webhook-signature': createHmac('sha256', secret).update(body).digest('base64'),
  }
}
