import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { networkOf } from '../networks.ts'
import { sendPage } from '../html/page.ts'
import { languageFor } from '../html/reader-language.ts'
import { readMailStopToken } from '../vault/mail-stop-token.ts'
import { takeBareForms } from './bare-forms.ts'
import { pageErrors } from './pages/error-page.ts'
import { unknownUnsubscribePage, unsubscribePage } from './pages/unsubscribe.ts'

const paths = z.object({ token: z.string().max(80).catch('') })
/** What the page's own button says, when it is to undo. */
const wishes = z.object({ again: z.literal('1').optional().catch(undefined) })

/**
 * The page behind the last link of a reminder. To look changes nothing; its button stops the mails, and so does the POST that
 * a mail program makes by itself (RFC 8058).
 */
const unsubscribe: FastifyPluginAsync = async (app) => {
  const { store, keyring, clock, limits } = app

  pageErrors(app)
  // A mail program posts a field that says nothing new.
  takeBareForms(app)
  app.addHook('onRequest', async (request) => {
    limits.callbacks.take(networkOf(request.ip))
  })

  const find = async (request: FastifyRequest) => {
    const userId = readMailStopToken(keyring, paths.parse(request.params).token)
    const stop = userId === undefined ? undefined : await store.readMailStop(userId)
    return userId === undefined || !stop ? undefined : { userId, ...stop }
  }

  const unknown = (request: FastifyRequest, reply: FastifyReply) =>
    sendPage(reply, 404, unknownUnsubscribePage(languageFor(request), request.id))

  app.get('/unsubscribe/:token', { exposeHeadRoute: true }, async (request, reply) => {
    const found = await find(request)
    if (!found) return unknown(request, reply)
    const state = found.stoppedAt === null ? 'wanted' : 'stopped'
    return sendPage(reply, 200, unsubscribePage(languageFor(request), state, found.site))
  })

  app.post('/unsubscribe/:token', async (request, reply) => {
    const found = await find(request)
    if (!found) return unknown(request, reply)
    const isAgain = wishes.parse(request.query).again !== undefined
    await store.setMailStop(found.userId, isAgain ? null : clock.now())
    const state = isAgain ? 'wanted' : 'stopped'
    return sendPage(reply, 200, unsubscribePage(languageFor(request), state, found.site))
  })
}
export default unsubscribe
