import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hourOf } from '../audit/counter.ts'
import { networkOf } from '../auth/limits.ts'
import { portalEntrance } from '../auth/portal-session.ts'
import { languageCookie, languageIn, translationOf } from '../console/reading.ts'
import { secondMs } from '../durations.ts'
import { noteRefusal, toLoggedRefusal } from '../frappe/error-handler.ts'
import { parseFields } from '../frappe/parameters.ts'
import { isFromElsewhere } from '../html/from-elsewhere.ts'
import { privately, sendPage } from '../html/page.ts'
import { choiceIn } from '../html/reader-language.ts'
import { cookies, guarded, notice } from './answers.ts'
import { inside } from './inside.ts'
import type { DoorNotice } from '../html/door.ts'
import { offerPage } from './pages/door.ts'

const { findOffer, enter, findVisitor, sessionMs } = portalEntrance

const tokens = z.object({ token: z.string().max(100).catch('') })
const form = z.record(z.string(), z.string()).catch({})

/** Programs that check the links in a mail ask for the head alone. */
const looked = { exposeHeadRoute: true } as const

/** The pages of a site's people. To look changes nothing, and nothing is shown but what is the site's or the tenant's own. */
const plugin: FastifyPluginAsync<{ eventsDays: number }> = async (app, { eventsDays }) => {
  const { clock, limits, auditCounter } = app
  app.removeAllContentTypeParsers()
  await app.register(cookie)
  await app.register(csrf, {
    cookieKey: cookies.csrf,
    cookieOpts: { ...guarded, maxAge: sessionMs / secondMs },
    // A form is good for the session that it was made for.
    csrfOpts: { hmacKey: app.keyring.hash('portal-form', '').toString('base64') },
    getUserInfo: ({ portalVisitor }) => portalVisitor?.sessionId ?? '',
    getToken: ({ body }) => form.parse(body ?? {})['_csrf'] ?? '',
  })
  await app.register(formbody, { bodyLimit: 16 * 1024, parser: parseFields })
  app.decorateRequest('portalVisitor', null)
  app.addHook('onRequest', async (request, reply) => {
    // A page elsewhere keeps no hand on a window in which this one opens: it could see where it leads.
    void reply.header('Cross-Origin-Opener-Policy', 'same-origin')
    const language = choiceIn(request)
    if (language) void reply.setCookie(languageCookie, language, { ...guarded, path: '/portal' })
    const now = clock.now()
    const visitor = await findVisitor(app, request.cookies[cookies.session] ?? '', now)
    if (!visitor) return
    request.portalVisitor = visitor
    const { sessionId, actor, tenant, scope } = visitor
    // Of all who look at the same: whoever has a key could have thousands of sessions.
    limits.keys.take(`portal ${scope.siteId ?? scope.tenantId}`)
    const visit = { actor, action: 'portal.visited', subject: sessionId, tenantId: tenant.id }
    auditCounter.count({ ...visit, at: now, bucket: hourOf(now) })
  })
  pageErrors(app)

  /** Who has a good address is not held up by what others did from the same network. */
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    const offer = await findOffer(app, tokens.parse(request.params).token, clock.now())
    if (!offer) limits.unauthenticated.take(networkOf(request.ip))
  }

  app.get('/enter/:token', { ...looked, onRequest }, async (request, reply) => {
    const offer = await findOffer(app, tokens.parse(request.params).token, clock.now())
    if (!offer) return notice(request, reply, 404, 'used')
    const language = languageIn(request)
    const { name } = offer.site ?? offer.tenant
    return sendPage(reply, 200, offerPage(language, name, translationOf(request, language)))
  })

  app.post('/enter/:token', { onRequest }, async (request, reply) => {
    // A form elsewhere shall not put its reader before somebody else's connections.
    if (isFromElsewhere(request)) return notice(request, reply, 403, 'stale')
    const session = await enter(app, tokens.parse(request.params).token, clock.now())
    if (!session) return notice(request, reply, 404, 'used')
    const lasting = { ...guarded, maxAge: sessionMs / secondMs }
    void reply.setCookie(cookies.session, session, lasting)
    return reply.headers(privately).redirect('/portal', 303)
  })

  await app.register(inside, { eventsDays })
}
export default plugin

const isForeignForm = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('FST_CSRF_')

const statusNotices: Readonly<Record<number, DoorNotice>> = { 404: 'unknown', 429: 'limited' }

/** What is thrown here becomes a page, for nobody but people comes. */
function pageErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    if (isForeignForm(error)) return notice(request, reply, 403, 'stale')
    const refusal = toLoggedRefusal(error, request)
    noteRefusal(request, reply, refusal, languageIn(request))
    const { status } = refusal
    const name = statusNotices[status] ?? (status < 500 ? 'stale' : 'failed')
    return notice(request, reply, status, name)
  })
}
