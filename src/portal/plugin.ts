import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import formbody from '@fastify/formbody'
import type { FastifyPluginAsync } from 'fastify'
import { hourOf } from '../durations.ts'
import { login } from './login.ts'
import { inside } from './routes.ts'

/** The pages of a site's people. To look changes nothing, and nothing is shown but what is the site's or the tenant's own. */
const plugin: FastifyPluginAsync<{ eventsDays: number }> = async (app, { eventsDays }) => {
  const { clock, limits, auditCounter } = app
  app.removeAllContentTypeParsers()
  await app.register(cookie)
  await app.register(csrf, login.formTokens(app))
  await app.register(formbody, login.forms)
  app.decorateRequest('portalVisitor', null)
  login.prepare(app)
  app.addHook('onRequest', async (request, reply) => {
    const now = clock.now()
    const visitor = await login.welcome(app, request, reply, now)
    if (!visitor) return
    request.portalVisitor = visitor
    const { sessionId, actor, tenant, scope } = visitor
    // Of all who look at the same: whoever has a key could have thousands of sessions.
    limits.keys.take(`portal ${scope.siteId ?? scope.tenantId}`)
    const visit = { actor, action: 'portal.visited', subject: sessionId, tenantId: tenant.id }
    auditCounter.count({ ...visit, at: now, bucket: hourOf(now) })
  })
  // Programs that check the links in a mail ask for the head alone.
  login.addLogin(app, '/enter/:token', { exposeHeadRoute: true })
  await app.register(inside, { eventsDays })
}
export default plugin
