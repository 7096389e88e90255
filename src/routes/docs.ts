import type { FastifyPluginAsync } from 'fastify'
import type { Document } from '../openapi/document.ts'
import { docsPage } from '../openapi/page.ts'

interface Options {
  /** Called once, for the first who asks: a start need not wait for it. */
  describe(): Document
  canTry: boolean
}

/** The API's description for programs and, without an asset from anywhere, for people. In a sandbox the page can call. */
const docs: FastifyPluginAsync<Options> = async (app, options) => {
  let made: ReturnType<typeof makeBytes> | undefined
  const bytes = () => (made ??= makeBytes(options))
  app.get('/openapi.json', async (_request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(bytes().json),
  )
  app.get('/docs', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', bytes().policy)
      .send(bytes().markup),
  )
}
export default docs

/** Bytes made once: of text, each caller who does not read would hold a copy. */
function makeBytes({ describe, canTry }: Options) {
  const document = describe()
  const { markup, policy } = docsPage(document, { canTry })
  return {
    json: Buffer.from(JSON.stringify(document)),
    markup: Buffer.from(markup),
    policy,
  }
}
