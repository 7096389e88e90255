import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hourOf } from '../audit/counter.ts'
import { networkOf } from '../auth/limits.ts'
import { secondMs } from '../durations.ts'
import { noteRefusal, toLoggedRefusal } from '../frappe/error-handler.ts'
import { parseFields } from '../frappe/parameters.ts'
import { isFromElsewhere } from '../html/from-elsewhere.ts'
import { privately, sendPage } from '../html/page.ts'
import { choiceIn } from '../html/reader-language.ts'
import { cookies, guarded, notice } from './answers.ts'
import { inside, type ConsoleOptions } from './inside.ts'
import type { DoorNotice } from '../html/door.ts'
import { offerPage } from './pages/door.ts'
import { languageCookie, languageIn, translationOf } from './reading.ts'
import { consoleEntrance } from './session.ts'

const { findOffer, enter, findVisitor, sessionMs } = consoleEntrance

const tokens = z.object({ token: z.string().max(100).catch('') })

/** The operator's pages. To look changes nothing; what a button does is written down under the name of who pressed it. */
const plugin: FastifyPluginAsync<ConsoleOptions> = async (app, { config, examine }) => {
  const { clock, limits, auditCounter } = app
  app.removeAllContentTypeParsers()
  await app.register(cookie)
  await app.register(csrf, {
    cookieKey: cookies.csrf,
    cookieOpts: { ...guarded, maxAge: sessionMs / secondMs },
    // A form is good for the session that it was made for.
    csrfOpts: { hmacKey: app.keyring.hash('console-form', '').toString('base64') },
    getUserInfo: ({ visitor }) => visitor?.sessionId ?? '',
    getToken: ({ body }) => formOf(body)['_csrf'] ?? '',
  })
  await app.register(formbody, { bodyLimit: 16 * 1024, parser: parseFields })
  app.decorateRequest('visitor', null)
  app.addHook('onRequest', async (request, reply) => {
    // A page elsewhere keeps no hand on a window in which this one opens: it could see where it leads.
    void reply.header('Cross-Origin-Opener-Policy', 'same-origin')
    // A proxy that keeps strangers from here may compare what is written, and not what it means.
    if (!request.originalUrl.startsWith(app.prefix)) return notice(request, reply, 404, 'unknown')
    const language = choiceIn(request)
    if (language) void reply.setCookie(languageCookie, language, { ...guarded, path: '/console' })
    const now = clock.now()
    request.visitor = (await findVisitor(app, request.cookies[cookies.session] ?? '', now)) ?? null
    if (!request.visitor) return undefined
    const { actor, sessionId } = request.visitor
    const visit = { actor, action: 'console.visited', subject: sessionId }
    auditCounter.count({ ...visit, at: now, bucket: hourOf(now) })
    return undefined
  })
  pageErrors(app)

  /** Who has a good address is not held up by what others did from the same network. */
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    const offer = await findOffer(app, tokens.parse(request.params).token, clock.now())
    if (!offer) limits.unauthenticated.take(networkOf(request.ip))
  }

  app.get('/login/:token', { onRequest }, async (request, reply) => {
    const offer = await findOffer(app, tokens.parse(request.params).token, clock.now())
    if (!offer) return notice(request, reply, 404, 'used')
    const language = languageIn(request)
    return sendPage(reply, 200, offerPage(language, offer.who, translationOf(request, language)))
  })

  app.post('/login/:token', { onRequest }, async (request, reply) => {
    // A form elsewhere shall not have its reader act under somebody else's name.
    if (isFromElsewhere(request)) return notice(request, reply, 403, 'stale')
    const session = await enter(app, tokens.parse(request.params).token, clock.now())
    if (!session) return notice(request, reply, 404, 'used')
    void reply.setCookie(cookies.session, session, {
      ...guarded,
      maxAge: sessionMs / secondMs,
    })
    return reply.headers(privately).redirect('/console', 303)
  })

  await app.register(inside, { config, examine })
}
export default plugin

const form = z.record(z.string(), z.string())

/** The fields of a form. */
const formOf = (body: unknown): Record<string, string> => form.catch({}).parse(body ?? {})

const isForeignForm = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('FST_CSRF_')

const statusNotices: Readonly<Record<number, DoorNotice>> = {
  404: 'unknown',
  429: 'limited',
}

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
