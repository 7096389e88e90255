import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Post {
  headers: IncomingHttpHeaders
  body: string
}

export type Answering = (post: Post, response: ServerResponse) => void

/** A site's webhook receiver on a real socket. `answer` may be replaced at any time. */
export async function receiver(answering: Answering | number = 200) {
  const posts: Post[] = []
  const state = { answering }
  let open = 0
  let mostOpen = 0
  const server = createServer((request, response) => {
    open += 1
    mostOpen = Math.max(mostOpen, open)
    response.on('close', () => {
      open -= 1
    })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const post = { headers: request.headers, body: Buffer.concat(chunks).toString() }
      posts.push(post)
      const { answering } = state
      if (typeof answering === 'number') response.writeHead(answering).end()
      else answering(post, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posts,
    answer(next: Answering | number) {
      state.answering = next
    },
    mostOpen: () => mostOpen,
  }
}
