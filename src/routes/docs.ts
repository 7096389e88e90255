import { createHash } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import type { Document } from '../openapi/document.ts'
import { docsPage, docsScript } from '../openapi/page.ts'

const scriptHash = `'sha256-${createHash('sha256').update(docsScript).digest('base64')}'`

/** What the page may load: nothing but its own two inline parts; and call: this server alone. */
const policy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src ${scriptHash}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The API's description for programs and, without an asset from anywhere, for people. In a sandbox the page can call. */
const docs: FastifyPluginAsync<{ document: Document; canTry: boolean }> = async (
  app,
  { document, canTry },
) => {
  // Bytes made once: of text, each caller who does not read would hold a copy.
  const json = Buffer.from(JSON.stringify(document))
  const html = Buffer.from(docsPage(document, { canTry }))
  app.get('/openapi.json', async (_request, reply) =>
    reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(json),
  )
  app.get('/docs', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', policy)
      .send(html),
  )
}
export default docs
