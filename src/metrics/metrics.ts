import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BridgeCall } from '../bridge/options.ts'
import type { Figures } from '../db/ports/figures.ts'
import { dayMs } from '../durations.ts'

/** What the gauges show, read when Prometheus asks. A number that is not known is left out. */
export interface Reading {
  figures?: Figures | undefined
  now: number
  databaseBytes?: number | undefined
  diskFreeBytes?: number | undefined
  backupAt?: number | undefined
  /** How many calls Bridge still takes now, in our own count. */
  quotaLeft?: number | undefined
  bridgeUp: boolean
  ready: boolean
  /** How many servers serve the database, as this one knows, and whether it leads. */
  members: number
  leads: boolean
}

export interface Metrics {
  /** A call that found its method: `outcome` is `ok` or the `exc_type`. */
  called(call: { method: string; outcome: string; durationMs: number }): void
  /** An answer of any route; `route` is the pattern, never the path. */
  answered(answer: { method: string; route: string; status: number }): void
  bridgeCalled(call: BridgeCall): void
  webhookReceived(outcome: string): void
  /** A webhook of ours was posted, or its address refused. */
  webhookTried(outcome: 'delivered' | 'failed' | 'refused'): void
  endpointDisabled(): void
  /** Everything, in Prometheus' text format. */
  text(read: () => Promise<Reading>): Promise<string>
  readonly contentType: string
}

const daysBefore = [1, 3, 7, 14, 30]

/** The numbers an operator watches, in a registry of their own. Names follow Prometheus' conventions: base units, `_total`. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  let watchesProcess = false

  const buildInfo = new Gauge({
    name: 'bank_api_build_info',
    help: 'Always 1; the label says which version runs.',
    labelNames: ['version'],
    registers,
  })
  buildInfo.set({ version }, 1)

  const rpcDuration = new Histogram({
    name: 'bank_api_rpc_duration_seconds',
    help: 'RPC calls by method, from the first byte to the answer.',
    labelNames: ['method'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50],
    registers,
  })
  const rpcRequests = new Counter({
    name: 'bank_api_rpc_requests_total',
    help: 'RPC calls by method and outcome: ok, or the exc_type of the refusal.',
    labelNames: ['method', 'outcome'],
    registers,
  })
  const httpRequests = new Counter({
    name: 'bank_api_http_requests_total',
    help: 'All answers by verb, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const bridgeDuration = new Histogram({
    name: 'bank_api_bridge_request_duration_seconds',
    help: 'Calls of the Bridge API by endpoint and status; status "none" means no answer came.',
    labelNames: ['method', 'endpoint', 'status'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const webhooks = new Counter({
    name: 'bank_api_webhooks_received_total',
    help: "Bridge's webhooks by outcome: new, repeat, old, unknown, nonsense or refused.",
    labelNames: ['outcome'],
    registers,
  })
  const tries = new Counter({
    name: 'bank_api_webhook_tries_total',
    help: 'Tries to deliver webhooks: delivered, failed, or refused because of their address.',
    labelNames: ['outcome'],
    registers,
  })
  const disablings = new Counter({
    name: 'bank_api_endpoint_disablings_total',
    help: 'How often an endpoint was disabled: 410 Gone, or nothing taken for 120 hours.',
    registers,
  })

  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `bank_api_${name}`, help, labelNames, registers })
  const gauges = {
    ready: gauge('ready', '1 while /ready says yes.'),
    members: gauge('members', 'Servers that serve the database, as this one knows.'),
    leader: gauge('leader', '1 on the server that does what is done once for all.'),
    bridgeUp: gauge('bridge_up', '0 while Bridge is known to be down, or refuses our credentials.'),
    quota: gauge('bridge_quota_remaining', 'How many calls Bridge would take from us right now.'),
    deliveries: gauge('deliveries', 'Webhook deliveries kept, by state.', ['state']),
    age: gauge('delivery_queue_age_seconds', 'How long the delivery due first has been due.'),
    unhandled: gauge('events_unhandled', 'Events received and not yet applied.'),
    endpoints: gauge('endpoints', "Sites' webhook endpoints, by state.", ['state']),
    consents: gauge('consents', 'Living items by days until their consent ends.', ['days_left']),
    tenants: gauge('tenants', 'Tenants.'),
    sites: gauge('sites', 'Sites.'),
    items: gauge('items', 'Bank connections that live.'),
    database: gauge('database_size_bytes', 'The database file and its write-ahead log.'),
    diskFree: gauge('disk_free_bytes', 'Free space where the database is.'),
    backup: gauge(
      'backup_last_timestamp_seconds',
      'When the newest copy was made; 0: there is none, though there should be.',
    ),
  }

  const known = (target: Gauge, value: number | undefined) => {
    if (value === undefined) target.remove()
    else target.set(value)
  }

  function show({ figures, now, ...rest }: Reading): void {
    gauges.ready.set(rest.ready ? 1 : 0)
    gauges.members.set(rest.members)
    gauges.leader.set(rest.leads ? 1 : 0)
    gauges.bridgeUp.set(rest.bridgeUp ? 1 : 0)
    known(gauges.quota, rest.quotaLeft)
    if (figures) showFigures(figures, now)
    else forgetFigures()
    known(gauges.database, rest.databaseBytes)
    known(gauges.diskFree, rest.diskFreeBytes)
    known(gauges.backup, rest.backupAt === undefined ? undefined : rest.backupAt / 1_000)
  }

  function forgetFigures(): void {
    const { deliveries, endpoints, consents, age, unhandled, tenants, sites, items } = gauges
    for (const each of [deliveries, endpoints, consents]) each.reset()
    for (const each of [age, unhandled, tenants, sites, items]) each.remove()
  }

  function showFigures(figures: Figures, now: number): void {
    for (const [state, count] of Object.entries(figures.deliveries)) {
      gauges.deliveries.set({ state }, count)
    }
    const { oldestDueAt } = figures
    gauges.age.set(oldestDueAt === null ? 0 : Math.max(0, now - oldestDueAt) / 1_000)
    gauges.unhandled.set(figures.unhandledEvents)
    for (const [state, count] of Object.entries(figures.endpoints)) {
      gauges.endpoints.set({ state }, count)
    }
    const windows = consentWindows(figures.consentsEndAt, now)
    for (const [window, count] of windows) gauges.consents.set({ days_left: window }, count)
    gauges.tenants.set(figures.tenants)
    gauges.sites.set(figures.sites)
    gauges.items.set(figures.items)
  }

  return {
    called({ method, outcome, durationMs }) {
      rpcRequests.inc({ method, outcome })
      rpcDuration.observe({ method }, durationMs / 1_000)
    },
    answered: ({ method, route, status }) => httpRequests.inc({ method, route, status }),
    bridgeCalled: ({ method, route, status, durationMs }) =>
      bridgeDuration.observe(
        { method, endpoint: route, status: status ?? 'none' },
        durationMs / 1_000,
      ),
    webhookReceived: (outcome) => webhooks.inc({ outcome }),
    webhookTried: (outcome) => tries.inc({ outcome }),
    endpointDisabled: () => disablings.inc(),
    async text(read) {
      // Not before somebody asks: it costs a timer. The event loop's delay is `nodejs_eventloop_lag_*`, in seconds.
      if (!watchesProcess) collectDefaultMetrics({ register: registry })
      watchesProcess = true
      show(await read())
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}

/** How many consents end in each window: `expired`, `0-1`, `1-3` … `30+`, each present even when empty. */
export function consentWindows(endsAt: readonly number[], now: number): Map<string, number> {
  const names = [
    'expired',
    ...daysBefore.map((day, index) => `${daysBefore[index - 1] ?? 0}-${day}`),
  ]
  const windows = new Map([...names, '30+'].map((name) => [name, 0]))
  for (const end of endsAt) {
    const days = (end - now) / dayMs
    const index = daysBefore.findIndex((day) => days <= day)
    const name = days <= 0 ? 'expired' : index === -1 ? '30+' : names[index + 1]!
    windows.set(name, (windows.get(name) ?? 0) + 1)
  }
  return windows
}
