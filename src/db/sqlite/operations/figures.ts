import type Sqlite from 'better-sqlite3'
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import type { Figures, FigureStore } from '../../ports/figures.ts'
import { endpoints, items, sites } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

/**
 * Counts that stay cheap on tables with millions of rows: the whole table's is read off its pages, pending and dead ones
 * off partial indexes, and what was delivered is the rest.
 */
export const counts = {
  deliveries: 'SELECT count(*) FROM deliveries',
  dead: "SELECT count(*) FROM deliveries WHERE state = 'dead'",
  due: "SELECT count(*) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL",
  waiting:
    "SELECT count(*) FROM deliveries WHERE first_ended_at IS NULL AND due_at IS NULL AND state = 'pending'",
  unhandled: 'SELECT count(*) FROM events WHERE handled_at IS NULL',
  tenants: 'SELECT count(*) FROM tenants',
  sites: 'SELECT count(*) FROM sites',
  items: 'SELECT count(*) FROM items WHERE gone_at IS NULL',
}

/** When the delivery due for the longest became due, of sites whose endpoint, and whose tenant, is not disabled. */
export const oldestDue = `
SELECT min(due_at) FROM deliveries
JOIN sites ON sites.id = deliveries.site_id
JOIN tenants ON tenants.id = sites.tenant_id
LEFT JOIN endpoints ON endpoints.site_id = deliveries.site_id
WHERE state = 'pending' AND due_at IS NOT NULL AND due_at <= +?
  AND endpoints.disabled_at IS NULL AND tenants.disabled_at IS NULL`

export function figureOperations({
  db,
  read,
  client,
}: Tools & { client: Sqlite.Database }): FigureStore {
  const counters = Object.entries(counts).map(
    ([name, text]) => [name, client.prepare<[], number>(text).pluck()] as const,
  )

  const oldest = client.prepare<[number], number | null>(oldestDue).pluck()

  function figures(at: number): Figures {
    const count = Object.fromEntries(
      counters.map(([name, statement]) => [name, statement.get() ?? 0]),
    ) as Record<keyof typeof counts, number>
    const pending = count.due + count.waiting
    const served = db
      .select({ failingSince: endpoints.failingSince, disabledAt: endpoints.disabledAt })
      .from(sites)
      .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
      .where(isNotNull(sites.webhookUrl))
      .all()
    const disabled = served.filter(({ disabledAt }) => disabledAt !== null).length
    const failing = served.filter(
      ({ failingSince, disabledAt }) => disabledAt === null && failingSince !== null,
    ).length
    return {
      deliveries: { pending, delivered: count.deliveries - pending - count.dead, dead: count.dead },
      oldestDueAt: oldest.get(at) ?? null,
      unhandledEvents: count.unhandled,
      endpoints: { healthy: served.length - disabled - failing, failing, disabled },
      consentsEndAt: db
        .select({ at: items.authenticationExpiresAt })
        .from(items)
        .where(and(isNull(items.goneAt), isNotNull(items.authenticationExpiresAt)))
        .all()
        .map(({ at }) => at ?? 0),
      tenants: count.tenants,
      sites: count.sites,
      items: count.items,
    }
  }

  return {
    readFigures: (at) => read(() => figures(at)),
    readServer: () => Promise.resolve(undefined),
  }
}
