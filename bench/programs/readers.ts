import { createServer } from 'node:http'
import { Agent, request } from 'undici'
import { listen } from './listen.ts'

// Reads one answer many times at once, each to its end, whenever it is asked: `?count=…&url=…`, with the authorization it is
// to use. Answers how many bytes one was. In a process of its own, so that whoever measures meanwhile is not held up.
async function readAll(asked: URL, authorization: string): Promise<number> {
  const count = Number(asked.searchParams.get('count'))
  const url = asked.searchParams.get('url') ?? ''
  const dispatcher = new Agent({ connections: count })
  const sizes = await Promise.all(
    Array.from({ length: count }, async () => {
      const { statusCode, body } = await request(url, { dispatcher, headers: { authorization } })
      let size = 0
      for await (const chunk of body) size += (chunk as Buffer).length
      if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`)
      return size
    }),
  )
  await dispatcher.close()
  return sizes[0] ?? 0
}

listen(
  createServer((request, response) => {
    const asked = new URL(request.url ?? '', 'http://readers')
    readAll(asked, request.headers.authorization ?? '').then(
      (size) => response.end(String(size)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  }),
)
