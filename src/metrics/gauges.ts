import { Gauge, type Registry } from 'prom-client'
import { consentDays, type Figures } from '../db/ports/figures.ts'

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

/** What stands at a moment: of this server, and of the database, of which all its servers say the same. */
export function createGauges(registers: Registry[]): { show(reading: Reading): void } {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `bank_api_${name}`, help, labelNames, registers })
  const gauges = {
    ready: gauge('ready', '1 while /ready says yes.'),
    members: gauge('members', 'Servers that serve the database, as this one knows.'),
    leader: gauge('leader', '1 on the server that does what is done once for all.'),
    bridgeUp: gauge('bridge_up', '0 while Bridge is known to be down, or refuses our credentials.'),
    quota: gauge('bridge_quota_remaining', 'How many calls Bridge would take from us right now.'),
    deliveries: gauge('deliveries', 'Webhooks that were not taken: pending, or dead.', ['state']),
    age: gauge(
      'delivery_queue_age_seconds',
      'How long the delivery due first has been due, of endpoints that are well.',
    ),
    failing: gauge(
      'endpoint_failing_seconds',
      'How long the endpoint has failed that has taken nothing for the longest, the disabled left out.',
    ),
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
