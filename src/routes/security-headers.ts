import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

const yearSeconds = 365 * 24 * 60 * 60

const always = Object.entries({
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
})

/** What a page may do unless its route says otherwise: nothing. */
const strictest = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Sets them on an answer to a request that no hook sees, for its path cannot even be read. */
export function secure(reply: FastifyReply, https: boolean): void {
  for (const [name, value] of always) if (!reply.hasHeader(name)) void reply.header(name, value)
  if (https) void reply.header('Strict-Transport-Security', `max-age=${yearSeconds}`)
}

/**
 * The headers that every answer carries: nobody may guess its type, frame it, learn where its reader came from or, once seen
 * over https, ask for it in the clear. A route that needs more sets its own and keeps it. No CORS header is ever sent.
 */
const securityHeaders: FastifyPluginAsync<{ https: boolean }> = async (app, { https }) => {
  app.addHook('onSend', (_request, reply, _payload, next) => {
    secure(reply, https)
    const type = String(reply.getHeader('content-type') ?? '')
    if (type.startsWith('text/html') && !reply.hasHeader('Content-Security-Policy')) {
      void reply.header('Content-Security-Policy', strictest)
    }
    next()
  })
}
export default fp(securityHeaders, { name: 'security-headers', fastify: '5.x' })
