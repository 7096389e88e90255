import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { networkOf } from '../auth/limits.ts'
import { BridgeError } from '../bridge/errors.ts'
import { ConflictError } from '../db/store-errors.ts'
import { languageOf, type Language } from '../language.ts'
import { findRenewal, openRenewal, type Renewal } from '../jobs/renewal.ts'
import { noticePage, offerPage, renewPolicy, type NoticeName } from './renew-page.ts'

const paths = z.object({ token: z.string().max(64).catch('') })
const queries = z.object({ lang: z.enum(['fr', 'en']).optional().catch(undefined) })

/** How a page that only says something is answered. */
const statuses: Readonly<Record<NoticeName, number>> = {
  renewed: 410,
  expired: 410,
  unknown: 404,
  limited: 429,
  down: 503,
  done: 200,
}

/** The page behind a `renew_url`. To look changes nothing; only its button opens a Bridge session. */
const renew: FastifyPluginAsync = async (app) => {
  const { renewing, limits } = app

  // A form without fields: whatever came as its body is of no use.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 1024 }, (_request, _body, done) =>
    done(null),
  )
  app.addHook('onRequest', async (request, reply) => {
    limits.callbacks.take(networkOf(request.ip))
    void reply.headers({ 'Cache-Control': 'no-store', 'Content-Security-Policy': renewPolicy })
  })

  app.get('/renew/:token', async (request, reply) => {
    const found = await findRenewal(renewing, tokenOf(request))
    if (found.state !== 'open') return notice(request, reply, found.state)
    return html(reply, 200, offerPage(languageFor(request), toOffer(found), renewing.clock.now()))
  })

  app.post('/renew/:token', async (request, reply) => {
    const found = await findRenewal(renewing, tokenOf(request))
    if (found.state !== 'open') return notice(request, reply, found.state)
    try {
      const opened = await openRenewal(renewing, found.owned)
      if ('url' in opened) return await reply.redirect(opened.url, 303)
      wait(reply, (opened.limitedUntil - renewing.clock.now()) / 1_000)
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

  app.get('/renewed', async (request, reply) => notice(request, reply, 'done'))
}
export default renew

const tokenOf = (request: FastifyRequest): string => paths.parse(request.params).token

const languageFor = (request: FastifyRequest): Language =>
  languageOf(queries.parse(request.query).lang, request.headers['accept-language'])

const toOffer = ({ owned: { item, site }, consentEnd }: Renewal & { state: 'open' }) => ({
  bank: item.bank ?? item.providerName,
  site: site.name,
  timeZone: site.timeZone,
  consentEnd,
})

const notice = (request: FastifyRequest, reply: FastifyReply, name: NoticeName): FastifyReply =>
  html(reply, statuses[name], noticePage(languageFor(request), name))

const html = (reply: FastifyReply, status: number, page: string): FastifyReply =>
  reply.code(status).type('text/html; charset=utf-8').send(page)

function wait(reply: FastifyReply, seconds: number | undefined): void {
  if (seconds !== undefined)
    void reply.header('Retry-After', String(Math.max(1, Math.ceil(seconds))))
}
