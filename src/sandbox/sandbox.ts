import Fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { systemIds, type Ids, type MovableClock } from '../clock.ts'
import { createCalls } from './calls.ts'
import { connectPage } from './connect-page/routes.ts'
import { accounts } from './endpoints/accounts.ts'
import { accountsInformation } from './endpoints/accounts-information.ts'
import { authorization } from './endpoints/authorization.ts'
import { categories } from './endpoints/categories.ts'
import { connectSessions } from './endpoints/connect-sessions.ts'
import { insights } from './endpoints/insights.ts'
import { items } from './endpoints/items.ts'
import { providers } from './endpoints/providers.ts'
import { stocks } from './endpoints/stocks.ts'
import { transactions } from './endpoints/transactions.ts'
import { users } from './endpoints/users.ts'
import { notFound, problemBody, toProblem } from './problem.ts'
import { createFaults } from './faults.ts'
import { guardApplication, guardUser, watch } from './guard.ts'
import { createLedgers } from './ledgers.ts'
import { levers } from './levers.ts'
import { createSaver, loadState, type Saver } from './persistence.ts'
import { createQuotas } from './quotas.ts'
import { createScheduler } from './scheduler.ts'
import { emptyState, fromSaved, toSaved } from './state.ts'
import { setSwitches, type SwitchChanges, type Switches } from './switches.ts'
import { createWebhookQueue } from './webhooks.ts'
import { guardName } from './visitors.ts'
import type { Box } from './box.ts'

export interface SandboxOptions {
  /** The lever moves it; in one process with the gateway it is the gateway's clock too. */
  clock: MovableClock
  /** Where browsers find the Connect page. Asked late: the port may be unknown until listening. */
  origin: () => string
  ids?: Ids | undefined
  /** Given: anything else is 401. Absent: any pair that is not empty will do. */
  credentials?: { clientId: string; clientSecret: string } | undefined
  /** Where signed webhooks go; without it none are sent. */
  webhook?: { url: () => string; secrets: () => readonly string[] } | undefined
  /** A file that lets everything but faults, quotas and switches survive a restart. */
  statePath?: string | undefined
  switches?: SwitchChanges | undefined
  log?: ((event: object, text: string) => void) | undefined
}

/**
 * A Bridge of our own, over HTTP: the API, the Connect page, webhooks and levers. Never listens by
 * itself; timers and connections end with `close()`. Nothing authenticates the levers but that
 * no page in a browser reaches them: keep it on loopback.
 */
export function buildSandbox(options: SandboxOptions): FastifyInstance {
  const { clock, log = () => {} } = options
  const closing = new AbortController()
  const { box, saver } = createBox(options)
  const scheduler = createScheduler(box)
  const app = Fastify({ logger: false, forceCloseConnections: true })

  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => {
      if (body === '') done(null, undefined)
      else void parseJson(request, body, done)
    },
  )
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = toProblem(error)
    if (problem.status === 500) log({ error, route: request.routeOptions.url }, 'sandbox failed')
    return reply
      .code(problem.status)
      .headers(problem.headers)
      .send(problemBody(problem, request.url, box.switches))
  })
  app.setNotFoundHandler(() => {
    throw notFound()
  })
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('cache-control', 'no-store')
    // Its own clock, which levers move: whoever compares it with theirs finds Bridge's.
    void reply.header('date', new Date(clock.now()).toUTCString())
  })
  guardName(app, box)
  watch(app, box, closing.signal)

  void app.register(async (api) => {
    guardApplication(api, box)
    users(api, box)
    authorization(api, box)
    providers(api, box)
    categories(api, box)
    void api.register(async (own) => {
      guardUser(own, box)
      connectSessions(own, box)
      items(own, box)
      accounts(own, box)
      transactions(own, box)
      stocks(own, box)
      insights(own, box)
      accountsInformation(own, box)
    })
  })
  void app.register(async (page) => connectPage(page, box))
  void app.register(async (hidden) =>
    levers(hidden, box, {
      clock,
      scheduler,
      reset() {
        reset(box, options)
      },
    }),
  )

  const timer = setInterval(() => {
    scheduler.tick().catch((error: unknown) => log({ error }, 'sandbox tick failed'))
  }, 1000).unref()
  box.webhooks.tick()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    closing.abort()
    await box.webhooks.close()
    await saver.flush()
  })
  return app
}

function createBox(options: SandboxOptions): { box: Box; saver: Saver } {
  const { clock, credentials, ids = systemIds, log = () => {}, origin, statePath } = options
  const before = statePath === undefined ? undefined : loadState(statePath)
  // Time never runs backward for what was saved: a restart finds the clock where the levers left it.
  if (before !== undefined && before.now > clock.now()) clock.advance(before.now - clock.now())
  const firstItem = 1_000_000 + Math.floor(ids.random() * 8_000_000)
  const state = before === undefined ? emptyState(firstItem) : fromSaved(before)
  const saver = createSaver(
    statePath,
    () => toSaved(state, clock.now()),
    (error) => log({ error }, 'sandbox state not saved'),
  )
  const { changed } = saver
  const switches = (): Switches => box.switches
  const box: Box = {
    clock,
    ids,
    origin,
    credentials,
    state,
    switches: setSwitches(options.switches),
    ledgers: createLedgers(state),
    calls: createCalls(),
    faults: createFaults(),
    quotas: createQuotas(clock, switches),
    webhooks: createWebhookQueue({
      clock,
      state,
      switches,
      target: options.webhook,
      changed,
      log,
    }),
    changed,
    log,
  }
  return { box, saver }
}

/** Forgets everything but the counters, so that no id comes twice, and the time. */
function reset(box: Box, options: SandboxOptions): void {
  const { state } = box
  state.users.clear()
  state.items.clear()
  state.formerItems.length = 0
  state.sessions.clear()
  state.tokens.clear()
  state.webhooks.length = 0
  box.switches = setSwitches(options.switches)
  box.ledgers.clear()
  box.calls.clear()
  box.faults.clear()
  box.quotas.clear()
  box.changed()
}
