import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One webhook as it came. */
export interface Heard {
  type: string
  content: Record<string, unknown>
  timestamp: number
  raw: string
  signature: string
  at: number
}

export interface Listener {
  url: string
  heard: Heard[]
  /** How each is answered: a status, or not at all; `hungUp` hears after how long the sender went away. */
  answer: (heard: Heard) => number | 'never'
  hungUp: number[]
  /** What the webhook is signed with. */
  secret: string
  close(): Promise<void>
}

/** Takes webhooks at a port of this machine. */
export async function openListener(port: number, secret: string): Promise<Listener> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString()
      const at = performance.now()
      const signature = String(request.headers['bridgeapi-signature'] ?? '')
      const heard = { ...(parsed(raw) as Heard), raw, signature, at }
      listener.heard.push(heard)
      const answer = listener.answer(heard)
      if (answer === 'never') {
        response.once('close', () => listener.hungUp.push(performance.now() - at))
      } else response.writeHead(answer).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const listener: Listener = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    heard: [],
    answer: () => 200,
    hungUp: [],
    secret,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return listener
}

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return {}
  }
}
