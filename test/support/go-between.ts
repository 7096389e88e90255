import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request as send } from 'undici'
import type { Finishing } from './gateway.ts'

/** One exchange that went through. */
export interface Exchange {
  method: string
  url: string
  body: string
}

/** A man in the middle that passes everything on as it is, and may act before and after. */
interface GoBetween {
  origin: string
  /** Where requests go on to; may be unknown at first. */
  target: string
  /** What went through and was answered, in order. */
  passed: (Exchange & { status: number })[]
  before: (exchange: Exchange) => Promise<void> | void
  /** Runs before the answer goes back. */
  after: (exchange: Exchange & { status: number }) => Promise<void> | void
  /** Sends an exchange once more, bytes and headers alike; gives its status. */
  repeat(exchange: Exchange): Promise<number>
}

/** Listens on a port of its own; what `target` does not answer is a 502. */
export async function openGoBetween(onTestFinished: Finishing): Promise<GoBetween> {
  const kept = new Map<Exchange, Record<string, string>>()
  const forward = async (exchange: Exchange, headers: Record<string, string>) => {
    const { method, url, body } = exchange
    const answer = await send(`${between.target}${url}`, {
      method,
      headers,
      ...(body !== '' && { body }),
    })
    return { status: answer.statusCode, headers: answer.headers, bytes: await answer.body.bytes() }
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const { method = '', url = '' } = request
      const { host: _, connection: __, 'content-length': ___, ...rest } = request.headers
      const headers = rest as Record<string, string>
      const pass = async () => {
        const exchange = { method, url, body }
        await between.before(exchange)
        const answer = await forward(exchange, headers)
        const passed = { ...exchange, status: answer.status }
        kept.set(passed, headers)
        between.passed.push(passed)
        await between.after(passed)
        const type = String(answer.headers['content-type'] ?? 'application/json')
        response.writeHead(answer.status, { 'content-type': type }).end(answer.bytes)
      }
      pass().catch(() => response.writeHead(502).end())
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
  const between: GoBetween = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: '',
    passed: [],
    before: () => {},
    after: () => {},
    repeat: async (exchange) => (await forward(exchange, kept.get(exchange) ?? {})).status,
  }
  return between
}
