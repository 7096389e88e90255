import { and, count, eq, isNotNull, isNull, lte, min, sql } from 'drizzle-orm'
import type { DatabaseServer, FigureStore, ServerSetting } from '../../ports/figures.ts'
import { deliveries, endpoints, events, items, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

const asked: readonly ServerSetting[] = [
  'fsync',
  'full_page_writes',
  'idle_in_transaction_session_timeout',
  'is_superuser',
  'lock_timeout',
  'max_connections',
  'statement_timeout',
  'superuser_reserved_connections',
  'synchronous_commit',
]

export function figureOperations({ run }: Tools): FigureStore {
  return {
    readFigures: (at) =>
      run(async (db) => {
        const byState = await db
          .select({ state: deliveries.state, count: count() })
          .from(deliveries)
          .groupBy(deliveries.state)
        const countOf = new Map(byState.map((row) => [row.state, row.count]))
        const isDue = and(
          sql`${deliveries.state} = 'pending'`,
          lte(deliveries.dueAt, at),
          isNull(endpoints.disabledAt),
          isNull(tenants.disabledAt),
        )
        const [oldest] = await db
          .select({ at: min(deliveries.dueAt) })
          .from(deliveries)
          .innerJoin(sites, eq(sites.id, deliveries.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .leftJoin(endpoints, eq(endpoints.siteId, deliveries.siteId))
          .where(isDue)
        const failing = and(isNotNull(endpoints.failingSince), isNull(endpoints.disabledAt))
        const [served] = await db
          .select({
            all: count(),
            disabled: count(endpoints.disabledAt),
            failing: sql`count(*) FILTER (WHERE ${failing})`.mapWith(Number),
          })
          .from(sites)
          .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
          .where(isNotNull(sites.webhookUrl))
        const { all, disabled, failing: failed } = served!
        const living = await db
          .select({ endsAt: items.authenticationExpiresAt })
          .from(items)
          .where(isNull(items.goneAt))
        return {
          deliveries: {
            pending: countOf.get('pending') ?? 0,
            delivered: countOf.get('delivered') ?? 0,
            dead: countOf.get('dead') ?? 0,
          },
          oldestDueAt: oldest?.at ?? null,
          unhandledEvents: await db.$count(events, isNull(events.handledAt)),
          endpoints: { healthy: all - disabled - failed, failing: failed, disabled },
          consentsEndAt: living.map(({ endsAt }) => endsAt).filter((endsAt) => endsAt !== null),
          tenants: await db.$count(tenants),
          sites: await db.$count(sites),
          items: living.length,
        }
      }),

    readServer: () =>
      run(async (db) => {
        const { rows } = await db.execute<{ name: string; setting: string }>(
          sql`SELECT name, setting FROM pg_settings WHERE name IN ${[...asked, 'server_version']}
            UNION ALL SELECT 'is_superuser', current_setting('is_superuser', true)`,
        )
        const told = new Map(rows.map(({ name, setting }) => [name, setting]))
        // Not every server that speaks as PostgreSQL has them all: what it does not say is nothing to blame it for.
        const settings = Object.fromEntries(asked.map((name) => [name, told.get(name) ?? '']))
        const version = told.get('server_version') ?? ''
        return { version, settings: settings as DatabaseServer['settings'] }
      }),
  }
}
