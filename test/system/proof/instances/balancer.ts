import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request as send } from 'undici'
import { onTestFinished } from 'vitest'
import { isReady } from './instance.ts'

/** A small load balancer, as operators have one: it asks each instance whether it is ready, and goes round. */
export interface Balancer {
  url: string
  /** How many requests each instance answered. */
  answered: ReadonlyMap<string, number>
  /** How often an instance took a request and did not answer it. */
  broken(): number
  /** Called when a request goes to an instance. */
  onSent: (url: string, request: { method: string; path: string }) => void
}

/** How often each instance is asked whether it is ready. */
const lookMs = 200

/** How long an instance may take to begin its answer. */
const patienceMs = 15_000

/** Hop by hop, or made anew. */
const ownHeaders = ['connection', 'keep-alive', 'transfer-encoding', 'content-length']

/** Balances over these addresses. Nobody is there, or a request that must not be repeated was cut: 502. */
export async function openBalancer(urls: readonly string[]): Promise<Balancer> {
  const isUp = new Map<string, boolean>(urls.map((url) => [url, true]))
  const answered = new Map<string, number>(urls.map((url) => [url, 0]))
  const dispatcher = new Agent({ connections: 64, connect: { timeout: 1_000 } })
  let turn = 0
  let broken = 0
  const closing = new AbortController()

  const looks = urls.map(async (url) => {
    while (!closing.signal.aborted) {
      isUp.set(url, await isReady(url))
      await wait(lookMs)
    }
  })

  /** Who is up, the next one first; when nobody seems to be, one of them may be all the same. */
  function candidates(): string[] {
    turn += 1
    const round = urls.map((_, index) => urls[(turn + index) % urls.length]!)
    const up = round.filter((url) => isUp.get(url))
    return up.length > 0 ? up : round
  }

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request
    const body = await buffer(request)
    for (const url of candidates()) {
      try {
        balancer.onSent(url, { method, path })
        const answer = await send(`${url}${path}`, {
          method,
          headers: without(request.headers, ['host', ...ownHeaders]),
          ...(body.length > 0 && { body }),
          headersTimeout: patienceMs,
          bodyTimeout: patienceMs,
          dispatcher,
        })
        const bytes = await answer.body.bytes()
        answered.set(url, (answered.get(url) ?? 0) + 1)
        response.writeHead(answer.statusCode, without(answer.headers, ownHeaders)).end(bytes)
        return
      } catch (error) {
        if (isUnsent(error)) continue
        broken += 1
        if (method !== 'GET') break
      }
    }
    response.writeHead(502).end()
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    closing.abort()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await dispatcher.destroy()
    await Promise.all(looks)
  })
  const { port } = server.address() as AddressInfo
  const balancer: Balancer = {
    url: `http://127.0.0.1:${port}`,
    answered,
    broken: () => broken,
    onSent: () => {},
  }
  return balancer
}

/** Whether the instance cannot have seen anything of the request. */
const isUnsent = (error: unknown): boolean =>
  ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'].includes((error as { code?: string }).code ?? '')

function without<T>(headers: Record<string, T | undefined>, names: readonly string[]) {
  const kept = Object.entries(headers).filter(([name]) => !names.includes(name))
  return Object.fromEntries(kept) as Record<string, T & string>
}
