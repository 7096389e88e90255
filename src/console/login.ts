import type { FastifyReply, FastifyRequest } from 'fastify'
import { createLoginDoor } from './login-door.ts'
import * as pages from './pages/door.ts'
import type { Frame } from './pages/frame.ts'
import { consoleEntrance, type Visitor } from './session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who looks at the console; null while nobody is known to. */
    visitor: Visitor | null
  }
}

/** The operator's. */
export const door = createLoginDoor({
  entrance: consoleEntrance,
  cookies: { session: '__Host-bank-api-console', csrf: '__Host-bank-api-form' },
  formUse: 'console-form',
  pages,
  visitorOf: ({ visitor }) => visitor,
  nameOf: ({ who }) => who,
})

export const { notice } = door

/** What a page inside has around it. */
export const frameOf = (request: FastifyRequest, reply: FastifyReply): Frame => ({
  ...door.frameOf(request, reply),
  who: request.visitor!.who,
  path: request.url.split('?')[0] ?? '',
})
