import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { By } from '../db/scope.ts'
import type { Site } from '../db/ports/sites.ts'
import { privately } from '../html/page.ts'
import { renewalToken } from '../connect/renewal-token.ts'
import { replayPart, replaySome } from '../webhooks/relay/replay.ts'
import { sendTest } from '../webhooks/relay/test-event.ts'
import { back } from './back.ts'
import { notice } from './login.ts'
import { eventFilter, cursorIn, cursorOf, replayQuery, type ReplayQuery } from './facts/lists.ts'

const ids = z.object({ id: z.string().max(60).catch('') })
const items = z.object({
  id: z
    .string()
    .regex(/^[0-9]{1,16}$/)
    .transform(Number)
    .catch(0),
})

/** All that the console can do: send again, test and enable an endpoint, open a renewal page. Nothing here deletes or moves. */
export const acts: FastifyPluginAsync = async (app) => {
  const { store, clock, ids: newIds, wakeups } = app
  const deps = { store, ids: newIds }
  const by = ({ visitor }: FastifyRequest): By => ({
    actor: visitor!.actor,
    at: clock.now(),
  })

  app.post('/event/:id/replay', async (request, reply) => {
    const { id } = ids.parse(request.params)
    const [event] = await store.listEvents({ id }, { limit: 1 })
    if (!event) return notice(request, reply, 404, 'unknown')
    const { replayed } = await replaySome(deps, [id], by(request))
    wakeups.emit('deliveries')
    return back(reply, `/console/event/${id}`, { replayed })
  })

  app.post('/events/replay', async (request, reply) => {
    const query = replayQuery.parse(request.body ?? {})
    // To who looks, nonsense is no filter; here it would send everything again.
    if (!isAsWritten(query, request.body)) return notice(request, reply, 400, 'stale')
    const filter = await eventFilter(app, query)
    if (!filter) return notice(request, reply, 404, 'unknown')
    const { at, ...who } = by(request)
    const until = Math.min(query.until ?? at, at)
    const after = cursorIn(query.from)
    const { replayed, rest } = await replayPart(
      deps,
      // What is left reaches as far back as it did at the first press.
      { ...filter, ...(after && { since: after.receivedAt }), until: until + 1 },
      { ...who, at },
      { most: mostAtOnce, ...(after && { after }) },
    )
    wakeups.emit('deliveries')
    const { site, type, state, hours } = query
    const further = rest && { site, type, state, hours, from: cursorOf(rest), until }
    return back(reply, '/console/events', { replayed }, further ?? {})
  })

  app.post('/site/:id/test', async (request, reply) => {
    const site = await siteIn(app, request)
    if (!site || site.webhookUrl === null) return notice(request, reply, 404, 'unknown')
    const id = await sendTest(app, site, by(request))
    return back(reply, `/console/event/${id}`, { tested: 1 })
  })

  app.post('/site/:id/enable', async (request, reply) => {
    const site = await siteIn(app, request)
    if (!site) return notice(request, reply, 404, 'unknown')
    const { waiting, recovering } = await store.enableEndpoint(site.id, by(request))
    wakeups.emit('deliveries')
    return back(reply, `/console/site/${site.id}`, { enabled: waiting + recovering })
  })

  app.post('/item/:id/renewal', async (request, reply) => {
    const { id } = items.parse(request.params)
    const [owned] = await store.listConnections({ id, ofServed: true })
    const consentEnd = owned?.item.authenticationExpiresAt ?? null
    if (!owned || consentEnd === null) return notice(request, reply, 404, 'unknown')
    const { tenantId } = owned.site
    await store.audit({ ...by(request), tenantId, action: 'renewal.shown', subject: String(id) })
    const to = `/renew/${renewalToken(app.keyring, { itemId: owned.item.id, consentEnd })}`
    return reply.headers(privately).redirect(to, 303)
  })
}

/** So many are sent again by one press: a few commits, and the rest by the next. */
const mostAtOnce = 1_000

/** Whether a form names all of a query, and nothing that the query does not mean. */
function isAsWritten(query: ReplayQuery, body: unknown): boolean {
  const { site, type, state, hours, from, until } = query
  const given = z.record(z.string(), z.unknown()).catch({}).parse(body)
  const meant = Object.entries({ site, type, state, hours: String(hours) })
  const isRest = (given['from'] ?? '') === from && (given['until'] ?? '') === String(until ?? '')
  return isRest && meant.every(([name, value]) => given[name] === value)
}

/** The site that the path names, unless it is being deleted. */
async function siteIn(
  { store }: FastifyInstance,
  { params }: FastifyRequest,
): Promise<Site | undefined> {
  const found = await store.readSite(ids.parse(params).id)
  return found && found.site.removedAt === null ? found.site : undefined
}
