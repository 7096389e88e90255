import type { FastifyReply, FastifyRequest } from 'fastify'
import { createLinkLogin } from './link-login.ts'
import * as pages from './pages/login.ts'
import type { Frame } from './pages/frame.ts'
import { consoleSessions, type Visitor } from './session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who looks at the console; null while nobody is known to. */
    visitor: Visitor | null
  }
}

/** The operator's. */
export const login = createLinkLogin({
  sessions: consoleSessions,
  cookies: { session: '__Host-bank-api-console', csrf: '__Host-bank-api-form' },
  formUse: 'console-form',
  pages,
  visitorOf: ({ visitor }) => visitor,
  nameOf: ({ who }) => who,
})

export const { notice } = login

/** What a page inside has around it. */
export const frameOf = (request: FastifyRequest, reply: FastifyReply): Frame => ({
  ...login.frameOf(request, reply),
  who: request.visitor!.who,
  path: request.url.split('?')[0] ?? '',
})
