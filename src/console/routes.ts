import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import type { Subject } from '../db/ports/history.ts'
import type { Finding } from '../doctor/finding.ts'
import { privately, sendPage } from '../html/page.ts'
import { acts } from './acts.ts'
import { login, frameOf, notice } from './login.ts'
import { createExaminer } from './examined.ts'
import { readBank } from './facts/bank.ts'
import { callQuery, listCalls, listEvents, replayQuery } from './facts/lists.ts'
import { overviewReader } from './facts/overview.ts'
import { readMeant, readRecord } from './facts/record.ts'
import { bankPage } from './pages/bank.ts'
import { doneIn } from './pages/done.ts'
import { callsPage, eventsPage } from './pages/lists.ts'
import { overviewPage } from './pages/overview.ts'
import { actsOf } from './pages/record-acts.ts'
import { searchPage, recordPage } from './pages/record.ts'

export interface ConsoleOptions {
  /** Looks at the whole installation, as doctor does. */
  examine: () => Promise<Finding[]>
}

const overviewQuery = z.object({ page: z.coerce.number().int().min(1).max(100_000).catch(1) })
const searchQuery = z.object({ q: z.string().trim().max(200).catch('') })
const number = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).catch(0)
const bankPath = z.object({ id: number })
const bankQuery = z.object({ after: number })
const kinds = [
  'call',
  'request',
  'item',
  'account',
  'event',
  'delivery',
  'key',
  'user',
  'site',
] as const satisfies Subject['kind'][]
const recordPath = z.object({ kind: z.enum(kinds), id: z.string().min(1).max(60) })

/** What only a visitor sees and does: a stranger learns nothing from any of it, and each button shows that it stood on our page. */
export const inside: FastifyPluginAsync<ConsoleOptions> = async (app, { examine }) => {
  const { store, clock, bridgeStatus, copies } = app
  const examiner = createExaminer({
    examine,
    clock,
    onError: (error) => app.log.error({ room: 'console', err: error }, 'not examined'),
  })
  const readOverview = overviewReader({ store, clock, bridgeStatus, examiner, copies })

  login.guard(app)

  app.get('/', async (request, reply) => {
    const { page } = overviewQuery.parse(request.query)
    return sendPage(reply, 200, overviewPage(frameOf(request, reply), await readOverview(page)))
  })

  app.post('/examine', async (_request, reply) => {
    await examiner.anew()
    return reply.headers(privately).redirect('/console', 303)
  })

  app.get('/search', async (request, reply) => {
    const { q } = searchQuery.parse(request.query)
    const meant = q === '' ? [] : await readMeant(app, q)
    const [only, second] = meant
    if (only && !second) {
      const to = `/console/${only.subject.kind}/${encodeURIComponent(only.subject.id)}`
      return reply.headers(privately).redirect(to, 303)
    }
    return sendPage(
      reply,
      meant.length > 0 ? 200 : 404,
      searchPage(frameOf(request, reply), q, meant),
    )
  })

  app.get('/events', async (request, reply) => {
    const { from, until, ...query } = replayQuery.parse(request.query)
    const list = await listEvents(app, query)
    const rest = from !== '' && until !== undefined ? { from, until } : undefined
    const done = doneIn(request.query)
    return sendPage(reply, 200, eventsPage(frameOf(request, reply), list, { done, rest }))
  })

  app.get('/calls', async (request, reply) => {
    const list = await listCalls(app, callQuery.parse(request.query))
    return sendPage(reply, 200, callsPage(frameOf(request, reply), list))
  })

  app.get('/bank/:id', async (request, reply) => {
    const { id } = bankPath.parse(request.params)
    const list = await readBank(app, id, bankQuery.parse(request.query).after)
    if (!list) return notice(request, reply, 404, 'unknown')
    return sendPage(reply, 200, bankPage(frameOf(request, reply), list))
  })

  app.get('/:kind/:id', async (request, reply) => {
    const path = recordPath.safeParse(request.params)
    const record = path.success ? await readRecord(app, path.data) : undefined
    if (!record) return notice(request, reply, 404, 'unknown')
    const frame = frameOf(request, reply)
    const page = recordPage(frame, record, {
      acts: actsOf(frame, record),
      done: doneIn(request.query),
    })
    return sendPage(reply, 200, page)
  })

  app.post('/leave', async (request, reply) => {
    const { sessionId, actor } = request.visitor!
    await store.endSession(sessionId, { actor, at: clock.now() })
    return login.leave(request, reply)
  })

  await app.register(acts)
  app.all('/*', async (request, reply) => notice(request, reply, 404, 'unknown'))
}
