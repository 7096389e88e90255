import { gzipSync } from 'node:zlib'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { inOther, languageFor } from '../html/reader-language.ts'
import type { Language } from '../language.ts'
import type { Document } from '../openapi/document.ts'
import { inLanguage } from '../openapi/french/in-language.ts'
import { docsPage, scriptPath } from '../openapi/page/page.ts'
import { pageScript } from '../openapi/page/script.ts'

interface Options {
  /** Called once, for the first who asks: a start need not wait for it. */
  describe(): Document
  canTry: boolean
}

/** Whoever checks a link asks by HEAD. */
const looked = { exposeHeadRoute: true } as const

/** The API's description for programs and, without an asset from anywhere, for people. In a sandbox the page can call. */
const docs: FastifyPluginAsync<Options> = async (app, { describe, canTry }) => {
  const document = once(describe)
  const json = once(() => packed(JSON.stringify(document())))
  const script = once(() => packed(pageScript))
  const pages = {
    en: once(() => pageIn('en', document(), canTry)),
    fr: once(() => pageIn('fr', document(), canTry)),
  }
  app.get('/openapi.json', looked, async (request, reply) =>
    send(request, reply.type('application/json; charset=utf-8'), json()),
  )
  app.get('/docs', looked, async (request, reply) => {
    const { policy, bytes } = pages[languageFor(request)]()
    void reply.header('content-security-policy', policy).header('vary', 'Accept-Language')
    return send(request, reply.type('text/html; charset=utf-8'), bytes)
  })
  app.get(scriptPath, looked, async (request, reply) =>
    send(request, reply.type('text/javascript; charset=utf-8'), script()),
  )
}
export default docs

function pageIn(language: Language, document: Document, canTry: boolean) {
  const translation = inOther(language)
  const { markup, policy } = docsPage(inLanguage(document, language), {
    canTry,
    language,
    translation,
  })
  return { policy, bytes: packed(markup) }
}

/** Bytes made once: of text, each caller who does not read would hold a copy. */
interface Packed {
  plain: Buffer
  zipped: Buffer
}

const packed = (text: string): Packed => ({ plain: Buffer.from(text), zipped: gzipSync(text) })

/** Sends it zipped to whoever can read that: half a megabyte is much on a phone. */
function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { plain, zipped }: Packed,
): FastifyReply {
  const vary = [reply.getHeader('vary'), 'Accept-Encoding'].filter(Boolean).join(', ')
  void reply.headers({ 'cache-control': 'no-cache', vary })
  const encoding = new Negotiator({ headers: request.headers }).encoding(['gzip', 'identity'])
  if (encoding !== 'gzip') return reply.send(plain)
  return reply.header('content-encoding', 'gzip').send(zipped)
}

function once<Made>(make: () => Made): () => Made {
  let made: { it: Made } | undefined
  return () => (made ??= { it: make() }).it
}
