import type Sqlite from 'better-sqlite3'
import { dayMs } from '../../../durations.ts'
import { consentDays, type Figures, type FigureStore } from '../../ports/figures.ts'
import type { Tools } from '../tools.ts'
import { waiting } from './deliveries.ts'

/** Counts that stay cheap on tables with millions of rows: what is pending or dead is read off partial indexes. */
export const counts = {
  dead: "SELECT count(*) FROM deliveries WHERE state = 'dead'",
  due: "SELECT count(*) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL",
  waiting:
    "SELECT count(*) FROM deliveries WHERE first_ended_at IS NULL AND due_at IS NULL AND state = 'pending'",
  unhandled: 'SELECT count(*) FROM events WHERE handled_at IS NULL',
  tenants: 'SELECT count(*) FROM tenants',
  sites: 'SELECT count(*) FROM sites',
}

/** When the delivery due for the longest became due, of endpoints that are well and may be tried. */
export const oldestDue = `${waiting}, due AS (
  SELECT (SELECT min(due_at) FROM deliveries
          WHERE state = 'pending' AND due_at IS NOT NULL AND site_id = sites.id) AS at
  FROM waiting
  JOIN sites ON sites.id = waiting.site_id
  JOIN tenants ON tenants.id = sites.tenant_id
  LEFT JOIN endpoints ON endpoints.site_id = sites.id
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL AND tenants.disabled_at IS NULL
    AND endpoints.disabled_at IS NULL AND endpoints.failing_since IS NULL
    AND coalesce(endpoints.hold_until, 0) <= +@at
)
SELECT min(at) FROM due WHERE at <= +@at`

/** Endpoints of sites that are served, by how they fare. How far the clock was put forward is time that did not pass. */
export const served = `
SELECT count(*) FILTER (WHERE disabled_at IS NULL) AS tried, count(disabled_at) AS disabled,
  count(failing_since) FILTER (WHERE disabled_at IS NULL) AS failing,
  min(failing_since + jumped_ms) FILTER (WHERE disabled_at IS NULL) AS failingSince
FROM (
  SELECT endpoints.disabled_at, failing_since, jumped_ms
  FROM sites LEFT JOIN endpoints ON endpoints.site_id = sites.id
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL
    AND sites.tenant_id NOT IN (SELECT id FROM tenants WHERE disabled_at IS NOT NULL)
)`

interface Endpoints {
  tried: number
  disabled: number
  failing: number
  failingSince: number | null
}

const ofLiving = (which: string): string =>
  `(SELECT count(*) FROM items WHERE gone_at IS NULL ${which})`

/** How many items live, and how many consents end when: each is a stretch of an index, and no row of an item is read. */
const living = `
SELECT ${ofLiving('')} AS items, ${ofLiving('AND authentication_expires_at IS NOT NULL')} AS consents, ${consentDays
  .map(
    (days) =>
      `${ofLiving(`AND authentication_expires_at <= +@at + ${days * dayMs}`)} AS within${days}`,
  )
  .join(', ')}`

export function figureOperations({
  read,
  client,
}: Tools & { client: Sqlite.Database }): FigureStore {
  const counters = Object.entries(counts).map(
    ([name, text]) => [name, client.prepare<[], number>(text).pluck()] as const,
  )

  const oldest = client.prepare<[{ at: number }], number | null>(oldestDue).pluck()
  const endpointsNow = client.prepare<[], Endpoints>(served)
  const connections = client.prepare<[{ at: number }], Record<string, number>>(living)

  function figures(at: number): Figures {
    const count = Object.fromEntries(
      counters.map(([name, statement]) => [name, statement.get() ?? 0]),
    ) as Record<keyof typeof counts, number>
    const of = connections.get({ at }) ?? {}
    const { tried, failing, disabled, failingSince } = endpointsNow.get()!
    return {
      deliveries: { pending: count.due + count.waiting, dead: count.dead },
      oldestDueAt: oldest.get({ at }) ?? null,
      unhandledEvents: count.unhandled,
      endpoints: { healthy: tried - failing, failing, disabled },
      failingSince,
      consentsEnding: [...consentDays.map((days) => of[`within${days}`] ?? 0), of['consents'] ?? 0],
      tenants: count.tenants,
      sites: count.sites,
      items: of['items'] ?? 0,
    }
  }

  return {
    readFigures: (at) => read(() => figures(at)),
  }
}
