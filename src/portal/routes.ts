import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { back } from '../console/back.ts'
import { doneIn } from '../console/pages/done.ts'
import type { Site } from '../db/ports/sites.ts'
import type { By } from '../db/scope.ts'
import { sendPage } from '../html/page.ts'
import { replaySome } from '../webhooks/relay/replay.ts'
import { sendTest } from '../webhooks/relay/test-event.ts'
import { login, frameOf, notice } from './login.ts'
import { readEvent, readSite, readSites, siteQuery } from './facts.ts'
import { eventPage } from './pages/event.ts'
import { sitePage } from './pages/site.ts'
import { sitesPage } from './pages/sites.ts'

const ids = z.object({ id: z.string().max(60).catch('') })
const named = z.object({ site: z.string().max(200).catch('') }).catch({ site: '' })

/** What only visitors see and do, each of their own site or tenant; of another's they learn no more than a stranger does. */
export const inside: FastifyPluginAsync<{ eventsDays: number }> = async (app, { eventsDays }) => {
  const { store, clock, keyring, wakeups, limits } = app
  const deps = { store, clock, keyring, eventsDays }

  login.guard(app)

  app.get('/', async (request, reply) => {
    const query = siteQuery.parse(request.query)
    const { tenant, site: own } = request.portalVisitor!
    if (query.site === '' && own === null) {
      const sites = await readSites(deps, tenant, query.page)
      return sendPage(reply, 200, sitesPage(frameOf(request, reply), sites))
    }
    const site = await siteNamed(app, request, query.site)
    if (!site) return notice(request, reply, 404, 'unknown')
    const view = await readSite(deps, site, query)
    return sendPage(reply, 200, sitePage(frameOf(request, reply), view, doneIn(request.query)))
  })

  app.get('/event/:id', async (request, reply) => {
    const { scope } = request.portalVisitor!
    const view = await readEvent(deps, scope, ids.parse(request.params).id)
    if (!view) return notice(request, reply, 404, 'unknown')
    return sendPage(reply, 200, eventPage(frameOf(request, reply), view, doneIn(request.query)))
  })

  app.post('/event/:id/replay', async (request, reply) => {
    const { scope } = request.portalVisitor!
    const view = await readEvent(deps, scope, ids.parse(request.params).id)
    if (!view) return notice(request, reply, 404, 'unknown')
    limits.siteActs.take(view.site.id)
    const { replayed } = await replaySome(app, [view.event.id], by(app, request))
    wakeups.emit('deliveries')
    return back(reply, `/portal/event/${view.event.id}`, { replayed })
  })

  app.post('/test', async (request, reply) => {
    const site = await siteNamed(app, request, named.parse(request.body).site)
    if (!site || site.webhookUrl === null) return notice(request, reply, 404, 'unknown')
    limits.siteActs.take(site.id)
    const id = await sendTest(app, site, by(app, request))
    return back(reply, `/portal/event/${id}`, { tested: 1 })
  })

  app.post('/leave', async (request, reply) => {
    await store.endSession(request.portalVisitor!.sessionId, by(app, request))
    return login.leave(request, reply)
  })

  app.all('/*', async (request, reply) => notice(request, reply, 404, 'unknown'))
}

const by = ({ clock }: FastifyInstance, { portalVisitor }: FastifyRequest): By => ({
  actor: portalVisitor!.actor,
  at: clock.now(),
})

/** The visitor's site of that name; without a name its only one. */
async function siteNamed(
  { store }: FastifyInstance,
  { portalVisitor }: FastifyRequest,
  name: string,
): Promise<Site | undefined> {
  const { site, scope } = portalVisitor!
  return name === '' ? (site ?? undefined) : store.findSite(scope, name)
}
