import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hourOf } from '../audit/counter.ts'
import { networkOf } from '../auth/limits.ts'
import type { Config } from '../config.ts'
import type { Finding } from '../doctor/finding.ts'
import { createExaminer } from './examined.ts'
import { overviewReader } from './facts/overview.ts'
import { noteRefusal, toLoggedRefusal } from '../frappe/error-handler.ts'
import { parseFields } from '../frappe/parameters.ts'
import { privately, sendPage } from '../html/page.ts'
import { secondMs } from '../durations.ts'
import { doorNotice, offerPage, type DoorNotice } from './pages/door.ts'
import type { Frame } from './pages/frame.ts'
import { overviewPage } from './pages/overview.ts'
import { choiceIn, languageCookie, languageIn, translationOf } from './reading.ts'
import { enter, findOffer, findVisitor, sessionMs, type Visitor } from './session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who looks at the console; null while nobody is known to. */
    visitor: Visitor | null
  }
}

/**
 * No other host can set or read them, and none is sent in the clear; on loopback browsers take them without https. Lax: a
 * strict one would not arrive after a click in a chat or a mail.
 */
const cookies = { session: '__Host-bank-api-console', csrf: '__Host-bank-api-form' } as const
const guarded = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const

export interface ConsoleOptions {
  config: Config
  /** Looks at the whole installation, as doctor does. */
  examine: () => Promise<Finding[]>
}

const overviewQuery = z.object({ page: z.coerce.number().int().min(1).max(100_000).catch(1) })

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
    const language = choiceIn(request)
    if (language) void reply.setCookie(languageCookie, language, { ...guarded, path: '/console' })
    const now = clock.now()
    request.visitor = (await findVisitor(app, request.cookies[cookies.session] ?? '', now)) ?? null
    if (!request.visitor) return limits.unauthenticated.take(networkOf(request.ip))
    const { who, sessionId } = request.visitor
    const visit = { actor: `console:${who}`, action: 'console.visited', subject: sessionId }
    auditCounter.count({ ...visit, at: now, bucket: hourOf(now) })
  })
  pageErrors(app)

  app.get('/login/:token', async (request, reply) => {
    const offer = await findOffer(app, tokens.parse(request.params).token, clock.now())
    if (!offer) return notice(request, reply, 404, 'used')
    const language = languageIn(request)
    return sendPage(reply, 200, offerPage(language, offer.who, translationOf(request, language)))
  })

  app.post('/login/:token', async (request, reply) => {
    const entered = await enter(app, tokens.parse(request.params).token, clock.now())
    if (!entered) return notice(request, reply, 404, 'used')
    void reply.setCookie(cookies.session, entered.token, {
      ...guarded,
      maxAge: sessionMs / secondMs,
    })
    return reply.headers(privately).redirect('/console', 303)
  })

  await app.register(inside, { config, examine })
}
export default plugin

/** What only a visitor sees and does: a stranger learns nothing from any of it, and each button shows that it stood on our page. */
const inside: FastifyPluginAsync<ConsoleOptions> = async (app, { config, examine }) => {
  const { store, clock, bridgeStatus } = app
  const examiner = createExaminer({
    examine,
    clock,
    onError: (error) => app.log.error({ room: 'console', err: error }, 'not examined'),
  })
  const readOverview = overviewReader({ store, clock, bridgeStatus, examiner, config })

  app.addHook('onRequest', (request, reply, next) => {
    if (request.visitor) next()
    else void notice(request, reply, 401, 'closed')
  })
  app.addHook('preHandler', (request, reply, next) => {
    if (request.method === 'POST') app.csrfProtection(request, reply, next)
    else next()
  })

  app.get('/', async (request, reply) => {
    const { page } = overviewQuery.parse(request.query)
    return sendPage(reply, 200, overviewPage(frameOf(request, reply), await readOverview(page)))
  })

  app.post('/examine', async (_request, reply) => {
    await examiner.anew()
    return reply.headers(privately).redirect('/console', 303)
  })

  app.post('/leave', async (request, reply) => {
    const { sessionId, who } = request.visitor!
    await app.store.endConsoleSession(sessionId, { actor: `console:${who}`, at: app.clock.now() })
    void reply.clearCookie(cookies.session, guarded).clearCookie(cookies.csrf, guarded)
    return notice(request, reply, 200, 'closed')
  })
  app.all('/*', async (request, reply) => notice(request, reply, 404, 'unknown'))
}

/** What a page inside has around it. */
function frameOf(request: FastifyRequest, reply: FastifyReply): Frame {
  const language = languageIn(request)
  const { who, sessionId } = request.visitor!
  return {
    language,
    who,
    csrf: reply.generateCsrf({ ...guarded, userInfo: sessionId }),
    translation: translationOf(request, language),
  }
}

const form = z.record(z.string(), z.string())

/** The fields of a form. */
export const formOf = (body: unknown): Record<string, string> => form.catch({}).parse(body ?? {})

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

function notice(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  name: DoorNotice,
): FastifyReply {
  const language = languageIn(request)
  const page = doorNotice(language, name, {
    translation: translationOf(request, language),
    isInside: request.visitor !== null && name !== 'closed',
    ...(status >= 400 && { reference: request.id }),
  })
  return sendPage(reply, status, page)
}
