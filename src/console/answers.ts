import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendPage } from '../html/page.ts'
import type { DoorNotice } from '../html/door.ts'
import { doorNotice } from './pages/door.ts'
import type { Frame } from './pages/frame.ts'
import { languageIn, translationOf } from './reading.ts'
import type { Visitor } from './session.ts'

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
export const cookies = {
  session: '__Host-bank-api-console',
  csrf: '__Host-bank-api-form',
} as const
export const guarded = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const

/** What a page inside has around it. */
export function frameOf(request: FastifyRequest, reply: FastifyReply): Frame {
  const language = languageIn(request)
  const { who, sessionId } = request.visitor!
  return {
    language,
    who,
    csrf: reply.generateCsrf({ ...guarded, userInfo: sessionId }),
    translation: translationOf(request, language),
    path: request.url.split('?')[0] ?? '',
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
    isInside: request.visitor !== null && name !== 'closed',
    ...(status >= 400 && { reference: request.id }),
  })
  return sendPage(reply, status, page)
}
