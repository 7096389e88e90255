import { and, count, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { dayMs } from '../../../durations.ts'
import { consentDays, type FigureStore } from '../../ports/figures.ts'
import { endpoints, items, sites, tenants } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { waiting } from './claim-deliveries.ts'

/** Counts that stay cheap on tables with millions of rows: what is pending or dead is read off partial indexes. */
const counts = (at: number) => sql`
${waiting}, due AS (
  SELECT (SELECT min(due_at) FROM deliveries
          WHERE state = 'pending' AND due_at IS NOT NULL AND site_id = sites.id) AS at
  FROM waiting
  JOIN sites ON sites.id = waiting.site_id
  JOIN tenants ON tenants.id = sites.tenant_id
  LEFT JOIN endpoints ON endpoints.site_id = sites.id
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL AND tenants.disabled_at IS NULL
    AND endpoints.disabled_at IS NULL AND endpoints.failing_since IS NULL
    AND coalesce(endpoints.hold_until, 0) <= ${at}
)
SELECT
  (SELECT min(at) FROM due WHERE at <= ${at}) AS oldest,
  (SELECT count(*) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL) AS due,
  (SELECT count(*) FROM deliveries
   WHERE first_ended_at IS NULL AND due_at IS NULL AND state = 'pending') AS waiting,
  (SELECT count(*) FROM deliveries WHERE state = 'dead') AS dead,
  (SELECT count(*) FROM events WHERE handled_at IS NULL) AS unhandled,
  (SELECT count(*) FROM tenants) AS tenants,
  (SELECT count(*) FROM sites) AS sites`

/** Endpoints of sites that are served, by how they fare. */
function endpointsOf(db: Db) {
  const isTried = isNull(endpoints.disabledAt)
  const failing = and(isTried, isNotNull(endpoints.failingSince))
  return db
    .select({
      tried: sql`count(*) FILTER (WHERE ${isTried})`.mapWith(Number),
      failing: sql`count(*) FILTER (WHERE ${failing})`.mapWith(Number),
      disabled: count(endpoints.disabledAt),
      since: sql<
        string | null
      >`min(${endpoints.failingSince} + ${endpoints.jumpedMs}) FILTER (WHERE ${failing})`,
    })
    .from(sites)
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))
    .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
    .where(and(isNotNull(sites.webhookUrl), isNull(sites.removedAt), isNull(tenants.disabledAt)))
}

/** How many items live, and how many consents end when: each is looked at once, where it is, and one row comes here. */
function living(db: Db, at: number) {
  const ends = items.authenticationExpiresAt
  const within = consentDays.map(
    (days) => sql`count(*) FILTER (WHERE ${ends} <= ${at + days * dayMs})`,
  )
  return db
    .select({
      items: count(),
      ending: sql<string[]>`ARRAY[${sql.join([...within, count(ends)], sql`, `)}]`,
    })
    .from(items)
    .where(isNull(items.goneAt))
}

export function figureOperations({ together }: Tools): FigureStore {
  return {
    async readFigures(at) {
      const [{ rows }, [served], [alive]] = await together(
        (db) =>
          [
            { execute: () => db.execute<Record<string, string | null>>(counts(at)) },
            endpointsOf(db),
            living(db, at),
          ] as const,
      )
      const { oldest = null, ...counted } = rows[0]!
      const of = (name: string) => Number(counted[name])
      const { tried, failing, disabled, since } = served!
      return {
        deliveries: { pending: of('due') + of('waiting'), dead: of('dead') },
        oldestDueAt: oldest === null ? null : Number(oldest),
        unhandledEvents: of('unhandled'),
        endpoints: { healthy: tried - failing, failing, disabled },
        failingSince: since === null ? null : Number(since),
        consentsEnding: alive!.ending.map(Number),
        tenants: of('tenants'),
        sites: of('sites'),
        items: alive!.items,
      }
    },
  }
}
