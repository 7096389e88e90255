import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** A webhook as a site got it. */
export interface Post {
  id: string
  type: string
  /** When it came, and when its signature says it was sent. Seconds. */
  cameAt: number
  signedAt: number
  content: { item_id?: number; request?: string; n?: number; [name: string]: unknown }
}

/** A site that takes every webhook, after a moment, and writes down what it got in the order it came. */
export interface Endpoint {
  url: string
  posts: Post[]
  /** How many tries were at it at once, at most. */
  mostAtOnce(): number
}

/** A site's endpoint; `takesMs` is how long it thinks. */
export async function openEndpoint(takesMs: number): Promise<Endpoint> {
  const posts: Post[] = []
  let open = 0
  let most = 0
  const server = createServer((request, response) => {
    open += 1
    most = Math.max(most, open)
    response.once('close', () => (open -= 1))
    const take = async () => {
      const { type, content } = JSON.parse(await text(request)) as Pick<Post, 'type' | 'content'>
      const { 'webhook-id': id, 'webhook-timestamp': signedAt } = request.headers
      const cameAt = Date.now() / 1_000
      posts.push({ id: String(id), type, content, cameAt, signedAt: Number(signedAt) })
      await wait(takesMs)
      response.end('{}')
    }
    take().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/hook`, posts, mostAtOnce: () => most }
}
