import type { FastifyPluginAsync } from 'fastify'
import type { Document } from '../openapi/document.ts'
import { docsPage } from '../openapi/page.ts'

/** The API's description for programs and, without an asset from anywhere, for people. In a sandbox the page can call. */
const docs: FastifyPluginAsync<{ document: Document; canTry: boolean }> = async (
  app,
  { document, canTry },
) => {
  // Bytes made once: of text, each caller who does not read would hold a copy.
  const json = Buffer.from(JSON.stringify(document))
  const page = docsPage(document, { canTry })
  const markup = Buffer.from(page.markup)
  app.get('/openapi.json', async (_request, reply) =>
    reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(json),
  )
  app.get('/docs', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', page.policy)
      .send(markup),
  )
}
export default docs
