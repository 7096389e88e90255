import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Caller } from '../auth/api-keys.ts'
import { networkOf } from '../networks.ts'
import { openLink } from '../connect/open-link.ts'
import { demoBank, demoPage, demoUser } from '../demo/commands.ts'
import { findDemo } from '../demo/demo-key.ts'
import { DoesNotExistError } from '../errors.ts'
import { notFound } from '../frappe/error-body.ts'
import { sendRefusal } from '../frappe/error-handler.ts'
import { isCrossOrigin } from '../html/cross-origin.ts'
import { privately, sendPage } from '../html/page.ts'
import { inOther, languageFor } from '../html/reader-language.ts'
import { isForOwnHost } from '../own-host.ts'
import { takeBareForms } from './bare-forms.ts'
import type { MethodContext } from './context.ts'
import { pageErrors } from './pages/error-page.ts'
import { getBridgeConnectLink } from './methods/get_bridge_connect_link.ts'
import { unknownWalk, walkPage } from './pages/walk.ts'
import { readWalk } from './walk.ts'

interface Options {
  publicUrl: string
  makeContext(request: FastifyRequest, reply: FastifyReply, caller: Caller): MethodContext
}

/** What a callback adds to where it sends the browser; of it only the request is looked at. */
const ending = z.object({ request: z.string().max(100).catch('') })

/**
 * The walk through the whole flow that a sandbox offers: a link like any site's, and the page where it ends. Both act as the
 * demo's key, so they end with it, and what is not its own is not there.
 */
const demo: FastifyPluginAsync<Options> = async (app, { publicUrl, makeContext }) => {
  pageErrors(app)
  takeBareForms(app)
  app.addHook('onRequest', async (request, reply) => {
    app.limits.callbacks.take(networkOf(request.ip))
    if (!isForOwnHost(request, publicUrl)) return sendRefusal(request, reply, notFound)
    return undefined
  })

  app.post('/demo', async (request, reply) => {
    const found = isCrossOrigin(request) ? undefined : await findDemo(app)
    if (!found) return reply.headers(privately).redirect('/', 303)
    const { caller } = found
    app.limits.keys.take(caller.apiKey)
    const { apiKey, scope } = caller
    const method = getBridgeConnectLink.name
    Object.assign(request.openCall, { method, apiKey, ...scope, isAdmitted: true })
    const context = makeContext(request, reply, caller)
    const order = { redirect_url: demoPage(publicUrl), user: demoUser, bank: demoBank }
    const { url } = await openLink(context, order).finally(() => context.release())
    return reply.headers(privately).redirect(url, 303)
  })

  app.get('/demo', async (request, reply) => {
    const { request: id } = ending.parse(request.query)
    const language = languageFor(request)
    const about = { language, translation: inOther(language, { request: id }) }
    const found = await findDemo(app)
    if (!found) return sendPage(reply, 404, unknownWalk(about))
    const { caller, key } = found
    app.limits.keys.take(caller.apiKey)
    const context = makeContext(request, reply, caller)
    const walk = await readWalk(context, id, language)
      .catch((error: unknown) => {
        if (error instanceof DoesNotExistError) return undefined
        throw error
      })
      .finally(() => context.release())
    if (!walk) return sendPage(reply, 404, unknownWalk(about))
    return sendPage(reply, 200, walkPage(walk, { ...about, publicUrl, key }))
  })
}
export default demo
