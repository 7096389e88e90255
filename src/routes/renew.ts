import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { networkOf } from '../networks.ts'
import { BridgeError } from '../bridge/bridge-errors.ts'
import { ConflictError } from '../db/store-errors.ts'
import { privately, sendPage } from '../html/page.ts'
import { findRenewal, findRenewalEnd, openRenewal, type Renewal } from '../connect/renewal.ts'
import { takeBareForms } from './bare-forms.ts'
import { pageErrors } from './pages/error-page.ts'
import { inOther, languageFor } from '../html/reader-language.ts'
import { renewedPage } from './pages/renewed.ts'
import type { RenewalNotice } from './pages/renewal-texts.ts'
import { offerPage, renewalNotice } from './pages/renewal.ts'
import { bankOf } from '../db/ports/items.ts'

const paths = z.object({ token: z.string().max(64).catch('') })
/** What a callback adds to where it sends the browser; what it says of the end is not believed. */
const endings = z.object({ request: z.string().max(100).catch('') })

/** How a page that only says something is answered. */
const statuses: Readonly<Record<RenewalNotice, number>> = {
  renewed: 410,
  expired: 410,
  unknown: 404,
  limited: 429,
  down: 503,
}

/** Programs that check the links in a mail ask for the head alone. */
const looked = { exposeHeadRoute: true } as const

/** The page behind a `renew_url`, and the one at its end. To look changes nothing; only its button opens a Bridge session. */
const renew: FastifyPluginAsync = async (app) => {
  const { renewalDeps, limits } = app

  pageErrors(app)
  takeBareForms(app)
  app.addHook('onRequest', async (request) => {
    limits.callbacks.take(networkOf(request.ip))
  })

  app.get('/renew/:token', looked, async (request, reply) => {
    const found = await findRenewal(renewalDeps, tokenOf(request))
    if (found.state !== 'open') return notice(request, reply, found.state)
    const offer = offerPage(languageFor(request), toOffer(found), renewalDeps.clock.now())
    return sendPage(reply, 200, offer)
  })

  app.post('/renew/:token', async (request, reply) => {
    const found = await findRenewal(renewalDeps, tokenOf(request))
    if (found.state !== 'open') return notice(request, reply, found.state)
    try {
      const opened = await openRenewal(renewalDeps, found.owned)
      if ('url' in opened) return await reply.headers(privately).redirect(opened.url, 303)
      if ('gone' in opened) return notice(request, reply, 'unknown')
      wait(reply, (opened.limitedUntil - renewalDeps.clock.now()) / 1_000)
      return notice(request, reply, 'limited')
    } catch (error) {
      // While Bridge was asked the tenant was disabled, or the deletion of the site begun.
      if (error instanceof ConflictError) return notice(request, reply, 'unknown')
      if (!(error instanceof BridgeError)) throw error
      request.log.warn({ err: error, detail: error.detail }, 'renewal not opened')
      wait(reply, error.retryAfter)
      return notice(request, reply, 'down')
    }
  })

  app.get('/renewed', looked, async (request, reply) => {
    const { request: requestId } = endings.parse(request.query)
    const end = await findRenewalEnd(renewalDeps, requestId)
    const language = languageFor(request)
    const about = { translation: inOther(language, { request: requestId }), reference: request.id }
    return sendPage(reply, 200, renewedPage(language, end, about))
  })
}
export default renew

const tokenOf = (request: FastifyRequest): string => paths.parse(request.params).token

const toOffer = ({ owned: { item, site }, consentEnd }: Renewal & { state: 'open' }) => ({
  bank: bankOf(item),
  site: site.name,
  timeZone: site.timeZone,
  consentEnd,
})

function notice(request: FastifyRequest, reply: FastifyReply, name: RenewalNotice): FastifyReply {
  const page = renewalNotice(languageFor(request), name, { reference: request.id })
  return sendPage(reply, statuses[name], page)
}

function wait(reply: FastifyReply, seconds: number | undefined): void {
  if (seconds !== undefined)
    void reply.header('Retry-After', String(Math.max(1, Math.ceil(seconds))))
}
