import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import formbody from '@fastify/formbody'
import type { FastifyPluginAsync } from 'fastify'
import { hourOf } from '../durations.ts'
import { login, notice } from './login.ts'
import { inside, type ConsoleOptions } from './routes.ts'

/** The operator's pages. To look changes nothing; what a button does is written down under the name of who pressed it. */
const plugin: FastifyPluginAsync<ConsoleOptions> = async (app, { examine }) => {
  const { clock, auditCounter } = app
  app.removeAllContentTypeParsers()
  await app.register(cookie)
  await app.register(csrf, login.formTokens(app))
  await app.register(formbody, login.forms)
  app.decorateRequest('visitor', null)
  login.prepare(app)
  app.addHook('onRequest', async (request, reply) => {
    // A proxy that keeps strangers from here may compare what is written, and not what it means.
    if (!request.originalUrl.startsWith(app.prefix)) return notice(request, reply, 404, 'unknown')
    const now = clock.now()
    const visitor = await login.welcome(app, request, reply, now)
    if (!visitor) return undefined
    request.visitor = visitor
    const { actor, sessionId } = visitor
    const visit = { actor, action: 'console.visited', subject: sessionId }
    auditCounter.count({ ...visit, at: now, bucket: hourOf(now) })
    return undefined
  })
  login.addLogin(app, '/login/:token')
  await app.register(inside, { examine })
}
export default plugin
