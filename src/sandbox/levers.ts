import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { fault } from './faults.ts'
import { notFound, Problem } from './problem.ts'
import { deleteItem, refreshItem } from './items.ts'
import { setSwitches } from './switches.ts'
import { isoSecond } from './times.ts'
import { guardFromPages } from './visitors.ts'
import type { MovableClock } from '../clock.ts'
import type { Box } from './box.ts'
import type { Scheduler } from './scheduler.ts'
import type { Item } from './state.ts'

const advance = z.strictObject({ advance: z.int().min(0) })
/** Elements of a login's scenario, as `1010`: what this refresh meets, before what the login said. */
const refresh = z.strictObject({ meets: z.string().min(1).max(100).optional() })
const consent = z.strictObject({ ends_in: z.int().min(0) })
const quota = z.strictObject({
  on: z.boolean(),
  limits: z
    .strictObject({
      app: z.int().min(0).optional(),
      user: z.int().min(0).optional(),
      token: z.int().min(0).optional(),
    })
    .optional(),
  headers: z.record(z.string(), z.string()).optional(),
})

type WithId = { Params: { id: string } }

/** What a test or a person may do to the sandbox: whoever reaches the port has them, but for pages in a browser. */
export function levers(
  app: FastifyInstance,
  box: Box,
  { clock, scheduler, reset }: { clock: MovableClock; scheduler: Scheduler; reset: () => void },
): void {
  guardFromPages(app)

  app.post('/_sandbox/clock', async (request) => {
    clock.advance(parse(advance, request.body).advance)
    const refreshed = await scheduler.tick(true)
    // What waited for a retry is tried at once; the answer does not wait for it.
    box.webhooks.flush().catch((error: unknown) => box.log({ error }, 'webhooks not flushed'))
    return { now: clock.now(), refreshed }
  })
  app.get('/_sandbox/clock', async () => ({ now: clock.now() }))

  app.post('/_sandbox/faults', async (request) => {
    box.faults.add(parse(fault, request.body))
    return { faults: box.faults.list() }
  })
  app.get('/_sandbox/faults', async () => ({ faults: box.faults.list() }))
  app.delete('/_sandbox/faults', async () => {
    box.faults.clear()
    return { faults: [] }
  })

  app.post('/_sandbox/quotas', async (request) => {
    const { on, limits, headers } = parse(quota, request.body)
    box.quotas.set({ on, limits: limits ?? {}, headers: headers ?? {} })
    return { on }
  })

  const itemOf = ({ id }: { id: string }): Item => {
    const item = box.state.items.get(Number(id))
    if (item === undefined) throw notFound()
    return item
  }

  app.post<WithId>('/_sandbox/items/:id/refresh', async (request) => {
    const item = itemOf(request.params)
    const { meets } = parse(refresh, request.body)
    if (meets !== undefined) item.upcoming.unshift(meets)
    refreshItem(box, item, 'scheduler')
    return { id: item.id, status: item.status, status_code_info: item.info }
  })

  // Bridge tells of it with the next refresh.
  app.post<WithId>('/_sandbox/items/:id/consent', async (request) => {
    const item = itemOf(request.params)
    item.consentUntil = clock.now() + parse(consent, request.body).ends_in
    box.changed()
    return { id: item.id, authentication_expires_at: isoSecond(item.consentUntil) }
  })

  app.post<WithId>('/_sandbox/items/:id/lose', async (request) => {
    const item = itemOf(request.params)
    deleteItem(box, item, false) // and no webhook tells of it
    return { id: item.id, lost: true }
  })

  app.get('/_sandbox/calls', async () => box.calls.list())
  app.delete('/_sandbox/calls', async () => {
    box.calls.clear()
    return []
  })

  app.get('/_sandbox/switches', async () => box.switches)
  app.post('/_sandbox/switches', async (request) => {
    box.switches = parse({ parse: (sent) => setSwitches(sent, box.switches) }, request.body)
    return box.switches
  })

  app.post('/_sandbox/webhooks/test', async () => {
    const now = box.clock.now()
    const someone = box.state.users.values().next().value
    box.webhooks.enqueue(
      'TEST_EVENT',
      {
        item_id: 1234567890,
        status: 0,
        user_uuid: someone?.uuid ?? '00000000-0000-4000-8000-000000000000',
      },
      box.switches.testEventSeconds ? Math.floor(now / 1000) : now,
    )
    return { queued: true }
  })
  app.get('/_sandbox/webhooks', async () => ({ pending: box.state.webhooks }))
  app.post('/_sandbox/webhooks/flush', async () => {
    await box.webhooks.flush()
    return { pending: box.state.webhooks }
  })

  app.post('/_sandbox/reset', async () => {
    reset()
    return { now: clock.now() }
  })
}

function parse<Output>(schema: { parse(input: unknown): Output }, body: unknown): Output {
  try {
    return schema.parse(body ?? {})
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw new Problem(400, 'invalid_parameter', inOneLine(error))
  }
}

/** What is wrong with a lever's body, for people: `unknown: pth; needed: path`. */
const inOneLine = ({ issues }: z.ZodError): string =>
  issues
    .map((issue) => {
      const path = issue.path.join('.')
      if (issue.code === 'unrecognized_keys') return `unknown: ${issue.keys.join(', ')}`
      if (issue.message.endsWith('received undefined')) return `needed: ${path}`
      return path === '' ? issue.message : `${path}: ${issue.message}`
    })
    .join('; ')
