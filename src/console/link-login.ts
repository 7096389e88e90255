import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { LinkSessions } from '../auth/link-sessions.ts'
import { networkOf } from '../networks.ts'
import { secondMs } from '../durations.ts'
import { noteRefusal, toLoggedRefusal } from '../frappe/error-handler.ts'
import { parseFields } from '../frappe/parameters.ts'
import type { createLoginPages, LoginNotice } from '../html/login-pages.ts'
import { isCrossOrigin } from '../html/cross-origin.ts'
import { privately, sendPage } from '../html/page.ts'
import { choiceIn } from '../html/reader-language.ts'
import { languageCookie, languageIn, translationOf } from './reading.ts'

/** What tells one login from another: nobody who is behind one of them is behind the other. */
interface Login<Visitor> {
  sessions: LinkSessions<Visitor & { sessionId: string; actor: string }>
  cookies: { session: string; csrf: string }
  /** What keeps the tokens of its forms apart. */
  formUse: string
  pages: ReturnType<typeof createLoginPages>
  visitorOf(request: FastifyRequest): { sessionId: string } | null
  /** What the page of an address calls whom it lets in. */
  nameOf(visitor: Visitor): string
}

const tokens = z.object({ token: z.string().max(100).catch('') })
const form = z.record(z.string(), z.string()).catch({})

/**
 * No other host can set or read them, and none is sent in the clear; on loopback browsers take them without https. Lax: a
 * strict one would not arrive after a click in a chat or a mail.
 */
const guarded = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const

const statusNotices: Readonly<Record<number, LoginNotice>> = { 404: 'unknown', 429: 'limited' }

const isForeignForm = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('FST_CSRF_')

/** Pages that are entered by an address that works once, and what all of them have in common. */
export function createLinkLogin<Visitor>({
  sessions,
  cookies,
  formUse,
  pages,
  visitorOf,
  nameOf,
}: Login<Visitor>) {
  const lasting = { ...guarded, maxAge: sessions.sessionMs / secondMs }

  /** Answers with a page that says why there is nothing to see. */
  function notice(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    name: LoginNotice,
  ): FastifyReply {
    const language = languageIn(request)
    const page = pages.loginNotice(language, name, {
      translation: translationOf(request, language),
      isInside: visitorOf(request) !== null && name !== 'closed',
      ...(status >= 400 && { reference: request.id }),
    })
    return sendPage(reply, status, page)
  }

  return {
    notice,

    /** For the plugin that reads forms. */
    forms: { bodyLimit: 16 * 1024, parser: parseFields },

    /** For the plugin that tells our forms from others: one is good for the session that it was made for. */
    formTokens: (app: FastifyInstance) => ({
      cookieKey: cookies.csrf,
      cookieOpts: lasting,
      csrfOpts: { hmacKey: app.keyring.hash(formUse, '').toString('base64') },
      getUserInfo: (request: FastifyRequest) => visitorOf(request)?.sessionId ?? '',
      getToken: ({ body }: FastifyRequest) => form.parse(body ?? {})['_csrf'] ?? '',
    }),

    /** What holds for every page, before anything is known of who asks. */
    prepare(app: FastifyInstance): void {
      app.addHook('onRequest', async (_request, reply) => {
        // A page elsewhere keeps no hand on a window in which this one opens: it could see where it leads.
        void reply.header('Cross-Origin-Opener-Policy', 'same-origin')
      })
      // What is thrown here becomes a page, for nobody but people comes.
      app.setErrorHandler((error, request, reply) => {
        if (isForeignForm(error)) return notice(request, reply, 403, 'stale')
        const refusal = toLoggedRefusal(error, request)
        noteRefusal(request, reply, refusal, languageIn(request))
        const { status } = refusal
        const name = statusNotices[status] ?? (status < 500 ? 'stale' : 'failed')
        return notice(request, reply, status, name)
      })
    },

    /** Who asks, if anybody who is inside. A language that they choose is that of the next pages too. */
    async welcome(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply, now: number) {
      const language = choiceIn(request)
      if (language) void reply.setCookie(languageCookie, language, { ...guarded, path: app.prefix })
      return sessions.findVisitor(app, request.cookies[cookies.session] ?? '', now)
    },

    /** The pages of an address that lets somebody in. */
    addLogin(app: FastifyInstance, path: string, { exposeHeadRoute = false } = {}): void {
      const { clock, limits } = app
      const tokenOf = ({ params }: FastifyRequest) => tokens.parse(params).token

      /** Who has a good address is not held up by what others did from the same network. */
      const onRequest = async (request: FastifyRequest): Promise<void> => {
        const offer = await sessions.findOffer(app, tokenOf(request), clock.now())
        if (!offer) limits.unauthenticated.take(networkOf(request.ip))
      }

      app.get(path, { exposeHeadRoute, onRequest }, async (request, reply) => {
        const offer = await sessions.findOffer(app, tokenOf(request), clock.now())
        if (!offer) return notice(request, reply, 404, 'used')
        const language = languageIn(request)
        const translation = translationOf(request, language)
        return sendPage(reply, 200, pages.offerPage(language, nameOf(offer), translation))
      })

      app.post(path, { onRequest }, async (request, reply) => {
        // A form elsewhere shall not have its reader look, or act, as somebody else.
        if (isCrossOrigin(request)) return notice(request, reply, 403, 'stale')
        const session = await sessions.enter(app, tokenOf(request), clock.now())
        if (!session) return notice(request, reply, 404, 'used')
        void reply.setCookie(cookies.session, session, lasting)
        return reply.headers(privately).redirect(app.prefix, 303)
      })
    },

    /** A stranger learns nothing from what is inside, and each button shows that it stood on our page. */
    guard(app: FastifyInstance): void {
      app.addHook('onRequest', async (request, reply) => {
        if (visitorOf(request)) return undefined
        app.limits.unauthenticated.take(networkOf(request.ip))
        return notice(request, reply, 401, 'closed')
      })
      app.addHook('preHandler', (request, reply, next) => {
        if (request.method === 'POST') app.csrfProtection(request, reply, next)
        else next()
      })
    },

    /** What every page inside has around it. */
    frameOf(request: FastifyRequest, reply: FastifyReply) {
      const language = languageIn(request)
      return {
        language,
        csrf: reply.generateCsrf({ ...guarded, userInfo: visitorOf(request)!.sessionId }),
        translation: translationOf(request, language),
      }
    },

    /** Forgets whose session was ended. */
    leave(request: FastifyRequest, reply: FastifyReply): FastifyReply {
      void reply.clearCookie(cookies.session, guarded).clearCookie(cookies.csrf, guarded)
      return notice(request, reply, 200, 'closed')
    },
  }
}
