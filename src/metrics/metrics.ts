import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BridgeCall } from '../bridge/options.ts'
import { createGauges, type GaugeValues } from './gauges.ts'

export interface MetricsOptions {
  version: string
  /** The names of the methods that are served. */
  methods: readonly string[]
}

export interface Metrics {
  /** A call that found its method: `outcome` is `ok` or the `exc_type`. */
  called(call: { method: string; outcome: string; durationMs: number }): void
  /** An answer of any route; `route` is the pattern, never the path. */
  answered(answer: { method: string; route: string; status: number }): void
  bridgeCalled(call: BridgeCall): void
  webhookReceived(outcome: string): void
  /** A webhook of ours was posted, or its address refused. */
  webhookTried(outcome: (typeof triedOutcomes)[number]): void
  endpointDisabled(): void
  /** A reminder was mailed to a person, or not. */
  reminderMailed(outcome: (typeof mailOutcomes)[number]): void
  /** Consents that were found renewed, before their end and after. */
  consentsRenewed(counts: Record<(typeof renewalTimes)[number], number>): void
  /** Everything, in Prometheus' text format. */
  text(read: () => Promise<GaugeValues>): Promise<string>
  readonly contentType: string
}

/**
 * Each twice the one before, so that a quantile read off them errs by less than half wherever it lies. The last is the time
 * that a call has: what lies beyond was given up.
 */
const bridgeBuckets = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10]

/** Outcomes that rules look for: counted from zero, for the first of a series that begins with it is no increase. */
const receivedOutcomes = ['new', 'repeat', 'old', 'unknown', 'nonsense', 'refused']
const triedOutcomes = ['delivered', 'failed', 'refused'] as const
const mailOutcomes = ['sent', 'refused', 'deferred', 'unsure', 'no_address'] as const
const renewalTimes = ['before', 'after'] as const

/** The numbers an operator watches, in a registry of their own. Names follow Prometheus' conventions: base units, `_total`. */
export function createMetrics({ version, methods }: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const gauges = createGauges(registers)
  let watchesProcess = false

  const buildInfo = new Gauge({
    name: 'bank_api_build_info',
    help: 'always 1; the label says which version runs',
    labelNames: ['version'],
    registers,
  })
  buildInfo.set({ version }, 1)

  const rpcDuration = new Histogram({
    name: 'bank_api_rpc_duration_seconds',
    help: 'how long calls took, from the first byte until the caller had taken the answer',
    labelNames: ['method'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50],
    registers,
  })
  const rpcRequests = new Counter({
    name: 'bank_api_rpc_requests_total',
    help: 'calls that reached their method; the outcome is `ok` or the `exc_type` of its refusal',
    labelNames: ['method', 'outcome'],
    registers,
  })
  const httpRequests = new Counter({
    name: 'bank_api_http_requests_total',
    help: 'all answers, those to calls too',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const bridgeDuration = new Histogram({
    name: 'bank_api_bridge_request_duration_seconds',
    help: 'how long calls to Bridge took; what lies beyond the last bucket was given up after ten seconds',
    labelNames: ['method', 'endpoint'],
    buckets: bridgeBuckets,
    registers,
  })
  const bridgeRequests = new Counter({
    name: 'bank_api_bridge_requests_total',
    help: 'calls to Bridge, each try by itself; status `none`: no answer came',
    labelNames: ['method', 'endpoint', 'status'],
    registers,
  })
  const webhooks = new Counter({
    name: 'bank_api_webhooks_received_total',
    help: "Bridge's webhooks: `new`, `repeat`, `old`, `unknown` (user), `nonsense`, `refused` (signature)",
    labelNames: ['outcome'],
    registers,
  })
  const tries = new Counter({
    name: 'bank_api_webhook_tries_total',
    help: 'tries to deliver to sites: `delivered`, `failed`, `refused` (their address)',
    labelNames: ['outcome'],
    registers,
  })
  const disablings = new Counter({
    name: 'bank_api_endpoint_disablings_total',
    help: 'endpoints that were disabled: 410, or nothing taken for 120 hours',
    registers,
  })
  const mails = new Counter({
    name: 'bank_api_reminder_mails_total',
    help: 'reminders to users: `sent`, `refused` (their address), `deferred`, `unsure` (the line broke), `no_address`; counted by the instance that leads',
    labelNames: ['outcome'],
    registers,
  })
  const renewals = new Counter({
    name: 'bank_api_renewals_total',
    help: 'consents that their users renewed: `before` the end, or `after` it; counted by the instance that leads',
    labelNames: ['end'],
    registers,
  })

  for (const method of methods) rpcRequests.inc({ method, outcome: 'InternalError' }, 0)
  for (const outcome of receivedOutcomes) webhooks.inc({ outcome }, 0)
  for (const outcome of triedOutcomes) tries.inc({ outcome }, 0)
  for (const outcome of mailOutcomes) mails.inc({ outcome }, 0)
  for (const end of renewalTimes) renewals.inc({ end }, 0)

  return {
    called({ method, outcome, durationMs }) {
      rpcRequests.inc({ method, outcome })
      rpcDuration.observe({ method }, durationMs / 1_000)
    },
    answered: ({ method, route, status }) => httpRequests.inc({ method, route, status }),
    bridgeCalled({ method, route: endpoint, status = 'none', durationMs }) {
      bridgeRequests.inc({ method, endpoint, status })
      bridgeDuration.observe({ method, endpoint }, durationMs / 1_000)
    },
    webhookReceived: (outcome) => webhooks.inc({ outcome }),
    webhookTried: (outcome) => tries.inc({ outcome }),
    endpointDisabled: () => disablings.inc(),
    reminderMailed: (outcome) => mails.inc({ outcome }),
    consentsRenewed(counts) {
      for (const end of renewalTimes) renewals.inc({ end }, counts[end])
    },
    async text(read) {
      // Not before somebody asks: it costs a timer. The event loop's delay is `nodejs_eventloop_lag_*`, in seconds.
      if (!watchesProcess) collectDefaultMetrics({ register: registry })
      watchesProcess = true
      gauges.show(await read())
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}
