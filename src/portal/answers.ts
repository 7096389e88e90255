import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PortalVisitor } from '../auth/portal-session.ts'
import { languageIn, translationOf } from '../console/reading.ts'
import { sendPage } from '../html/page.ts'
import type { DoorNotice } from '../html/door.ts'
import { doorNotice } from './pages/door.ts'
import type { Frame } from './pages/frame.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who looks at a site's page; null while nobody is known to. */
    portalVisitor: PortalVisitor | null
  }
}

/** As the console's, and others: whoever is in one of them is not in the other. */
export const cookies = {
  session: '__Host-bank-api-portal',
  csrf: '__Host-bank-api-portal-form',
} as const
export const guarded = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const

/** What a page inside has around it. */
export function frameOf(request: FastifyRequest, reply: FastifyReply): Frame {
  const language = languageIn(request)
  const { sessionId } = request.portalVisitor!
  return {
    language,
    csrf: reply.generateCsrf({ ...guarded, userInfo: sessionId }),
    translation: translationOf(request, language),
  }
}

/** Answers with a page that says why there is nothing to see. */
export function notice(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  name: DoorNotice,
): FastifyReply {
  const language = languageIn(request)
  const page = doorNotice(language, name, {
    translation: translationOf(request, language),
    isInside: request.portalVisitor !== null && name !== 'closed',
    ...(status >= 400 && { reference: request.id }),
  })
  return sendPage(reply, status, page)
}
