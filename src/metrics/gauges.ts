import { Gauge, type Registry } from 'prom-client'
import { consentDays, type Figures } from '../db/ports/figures.ts'

/** What the gauges show, read when Prometheus asks. A number that is not known is left out. */
export interface GaugeValues {
  figures?: Figures | undefined
  now: number
  databaseBytes?: number | undefined
  diskFreeBytes?: number | undefined
  backupAt?: number | undefined
  /** How many calls to Bridge our own budget allows now. */
  quotaLeft?: number | undefined
  /** The most that it allows at once. */
  quotaLimit?: number | undefined
  bridgeUp: boolean
  ready: boolean
  /** How many servers serve the database, as this one knows, and whether it leads. */
  members: number
  leads: boolean
}

/** What stands at a moment: of this server, and of the database, of which all its servers say the same. */
export function createGauges(registers: Registry[]): { show(reading: GaugeValues): void } {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `bank_api_${name}`, help, labelNames, registers })
  const gauges = {
    ready: gauge('ready', '1 while `/ready` says yes'),
    members: gauge('members', 'instances that serve the database, as this one knows'),
    leader: gauge('leader', '1 on the instance that does what is done once for all'),
    bridgeUp: gauge('bridge_up', '0 while Bridge is known to be down, or refuses the credentials'),
    quota: gauge(
      'bridge_quota_remaining',
      'of all: calls to Bridge that are left now of our own budget, `QUOTA_BURST`',
    ),
    quotaLimit: gauge(
      'bridge_quota_limit',
      'of all: the most that this budget ever holds, `QUOTA_BURST`',
    ),
    deliveries: gauge(
      'deliveries',
      'of all: webhooks that were not delivered: `pending`, or `dead`',
      ['state'],
    ),
    age: gauge(
      'delivery_queue_age_seconds',
      'of all: for how long the oldest due webhook has been due; endpoints that fail do not count',
    ),
    failing: gauge(
      'endpoint_failing_seconds',
      'of all: for how long the endpoint that has been failing longest has taken nothing; disabled ones do not count',
    ),
    unhandled: gauge('events_unhandled', "of all: Bridge's events that are stored and not applied"),
    endpoints: gauge(
      'endpoints',
      'of all: endpoints that are `healthy`, `failing` since their last try, `disabled`',
      ['state'],
    ),
    consents: gauge(
      'consents',
      'of all: connections by when their consent ends: `expired`, `0-1`, `1-3`, `3-7`, `7-14`, `14-30`, `30+`',
      ['days_left'],
    ),
    tenants: gauge('tenants', 'of all: tenants'),
    sites: gauge('sites', 'of all: sites'),
    items: gauge('items', 'of all: bank connections that live'),
    database: gauge(
      'database_size_bytes',
      'the database file and its write-ahead log; not with PostgreSQL, as the two that follow',
    ),
    diskFree: gauge('disk_free_bytes', 'free space on its disk'),
    backup: gauge(
      'backup_last_timestamp_seconds',
      'when the newest copy was made; 0: there is none, though there should be',
    ),
  }

  function showFigures(figures: Figures, now: number): void {
    const secondsSince = (at: number | null) => (at === null ? 0 : Math.max(0, now - at) / 1_000)
    for (const [state, count] of Object.entries(figures.deliveries)) {
      gauges.deliveries.set({ state }, count)
    }
    gauges.age.set(secondsSince(figures.oldestDueAt))
    gauges.failing.set(secondsSince(figures.failingSince))
    gauges.unhandled.set(figures.unhandledEvents)
    for (const [state, count] of Object.entries(figures.endpoints)) {
      gauges.endpoints.set({ state }, count)
    }
    const windows = consentWindows(figures.consentsEnding)
    for (const [window, count] of windows) gauges.consents.set({ days_left: window }, count)
    gauges.tenants.set(figures.tenants)
    gauges.sites.set(figures.sites)
    gauges.items.set(figures.items)
  }

  function forgetFigures(): void {
    const { deliveries, endpoints, consents } = gauges
    for (const each of [deliveries, endpoints, consents]) each.reset()
    const { age, failing, unhandled, tenants, sites, items } = gauges
    for (const each of [age, failing, unhandled, tenants, sites, items]) each.remove()
  }

  return {
    show({ figures, now, ...rest }) {
      gauges.ready.set(rest.ready ? 1 : 0)
      gauges.members.set(rest.members)
      gauges.leader.set(rest.leads ? 1 : 0)
      gauges.bridgeUp.set(rest.bridgeUp ? 1 : 0)
      known(gauges.quota, rest.quotaLeft)
      known(gauges.quotaLimit, rest.quotaLimit)
      if (figures) showFigures(figures, now)
      else forgetFigures()
      known(gauges.database, rest.databaseBytes)
      known(gauges.diskFree, rest.diskFreeBytes)
      known(gauges.backup, rest.backupAt === undefined ? undefined : rest.backupAt / 1_000)
    },
  }
}

function known(target: Gauge, value: number | undefined): void {
  if (value === undefined) target.remove()
  else target.set(value)
}

/** How many consents end in each window: `expired`, `0-1`, `1-3` … `30+`, of how many end within each number of days. */
export function consentWindows(ending: readonly number[]): [window: string, count: number][] {
  const names = consentDays.map((day, index) =>
    index === 0 ? 'expired' : `${consentDays[index - 1]}-${day}`,
  )
  return [...names, `${consentDays.at(-1)}+`].map((name, index) => [
    name,
    (ending[index] ?? 0) - (ending[index - 1] ?? 0),
  ])
}
