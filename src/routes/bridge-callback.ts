import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { networkOf } from '../networks.ts'
import { handleCallback } from '../connect/callback.ts'
import { privately, sendPage } from '../html/page.ts'
import { callbackNotice } from './pages/callback.ts'
import { pageErrors } from './pages/error-page.ts'
import { inOther, languageFor } from '../html/reader-language.ts'

/** Bridge's words on the way back (Bridge: end of the Connect flow). Lenient: the browser may say anything. */
const callbackQuery = z.object({
  context: z.string().max(100).catch(''),
  item_id: z
    .string()
    .regex(/^[0-9]{1,16}$/)
    .transform(Number)
    .nullable()
    .catch(null),
  step: z
    .string()
    .regex(/^[a-z_0-9]{1,40}$/)
    .nullable()
    .catch(null),
})

const bridgeCallback: FastifyPluginAsync = async (app) => {
  pageErrors(app)

  app.get('/bridge/callback', async (request, reply) => {
    app.limits.callbacks.take(networkOf(request.ip))
    const said = callbackQuery.parse(request.query)
    const { context, item_id: itemId, step } = said
    const answer = await handleCallback(app.settleDeps, { context, itemId, step })

    // Only a request that is ours is worth keeping: its id cannot be guessed.
    if (!('page' in answer && answer.page === 'unknown')) {
      Object.assign(request.openCall, { method: 'bridge/callback', request: context, itemId })
    }
    if ('redirect' in answer) return reply.headers(privately).redirect(answer.redirect, 302)

    const language = languageFor(request)
    const page = callbackNotice(language, answer.page, {
      back: 'back' in answer ? answer.back : null,
      // What nobody knows is not repeated.
      translation: inOther(language, answer.page === 'unknown' ? {} : said),
      reference: request.id,
    })
    return sendPage(reply, statuses[answer.page], page)
  })
}
export default bridgeCallback

const statuses = { unknown: 404, expired: 410 } as const
