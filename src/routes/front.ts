import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findDemo } from '../demo/demo-key.ts'
import { sendPage, wantsPage } from '../html/page.ts'
import { languageFor } from '../html/reader-language.ts'
import { isForOwnHost } from '../own-host.ts'
import { frontPage, sandboxFront } from './pages/front.ts'

interface Options {
  publicUrl: string
  /** Whether this is a sandbox to be tried: then its key is shown. */
  hasDemo: boolean
  hasConsole: boolean
}

/** What `/` shows to a person: what this is, and in a sandbox how to try it. */
export function frontOf(app: FastifyInstance, { publicUrl, hasDemo, hasConsole }: Options) {
  async function show(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const language = languageFor(request)
    // A page that a stranger's name leads to could be read by theirs, and the key with it.
    if (!hasDemo || !isForOwnHost(request, publicUrl)) {
      return sendPage(reply, 200, frontPage(language))
    }
    const demo = await findDemo(app)
    return sendPage(reply, 200, sandboxFront(language, { publicUrl, key: demo?.key, hasConsole }))
  }
  return (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> | undefined =>
    wantsPage(request) ? show(request, reply) : undefined
}
