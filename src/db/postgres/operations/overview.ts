import { sql, type SQL } from 'drizzle-orm'
import type { DeliveryState } from '../../ports/deliveries.ts'
import type { OverviewStore, SiteState } from '../../ports/overview.ts'
import type { Tools } from '../tools.ts'

/** How many refusals of a site are counted: a client that runs wild makes any number of them. */
const mostRefusals = 5_000

/** How many events are looked at for what became of them lately. */
const mostEvents = 5_000

export const overviewOperations = ({ run }: Tools): OverviewStore => ({
  listSiteStates: ({ limit, offset }, { tenantId, failedSince, asking }) =>
    run(async (db) => {
      const whose = tenantId === undefined ? undefined : sql`AND sites.tenant_id = ${tenantId}`
      const statuses = list(asking.statuses)
      const asks = sql`(items.status IN ${statuses} OR items.authentication_expires_at <= ${asking.consentsUntil})`
      // One tenant's page reads that tenant's items: those who ask in the whole installation are many.
      const isAsking =
        tenantId === undefined
          ? sql`sites.id IN (SELECT site_id FROM asking)`
          : sql`EXISTS (
              SELECT 1 FROM bridge_users JOIN items ON items.user_id = bridge_users.id
              WHERE bridge_users.site_id = sites.id AND items.gone_at IS NULL
                AND ${asks})`
      const { rows } = await db.execute<{ state: SiteState }>(sql`
        WITH asking AS MATERIALIZED (
          SELECT site_id FROM bridge_users WHERE id IN (
            SELECT user_id FROM items WHERE gone_at IS NULL AND authentication_expires_at <= ${asking.consentsUntil}
            UNION ALL
            SELECT user_id FROM items WHERE gone_at IS NULL AND status <> 0 AND status IN ${statuses}
          )
        ), page AS MATERIALIZED (
          SELECT sites.id, sites.name, tenants.name AS tenant, tenants.disabled_at IS NOT NULL AS is_tenant_disabled,
            sites.webhook_url IS NOT NULL AS has_webhook_url, endpoints.disabled_at, endpoints.failing_since,
            CASE WHEN endpoints.disabled_at IS NOT NULL THEN 0 WHEN endpoints.failing_since IS NOT NULL THEN 1
              WHEN ${isAsking} THEN 2 ELSE 3 END AS rank, sites.folded_name
          FROM sites JOIN tenants ON tenants.id = sites.tenant_id
          LEFT JOIN endpoints ON endpoints.site_id = sites.id
          WHERE sites.removed_at IS NULL ${whose}
          ORDER BY rank, sites.folded_name, sites.id LIMIT ${limit} OFFSET ${offset}
        )
        SELECT json_build_object('id', page.id, 'name', page.name, 'tenant', tenant, 'isTenantDisabled', is_tenant_disabled,
          'hasWebhookUrl', has_webhook_url, 'disabledAt', disabled_at, 'failingSince', failing_since, 'lastCallAt', called.at,
          'lastDelivery', CASE WHEN newest.state IS NOT NULL
            THEN json_build_object('at', newest.received_at, 'state', newest.state) END,
          'failed', json_build_object('calls', refused.count, 'webhooks', dead.count),
          'items', kept.count, 'asking', kept.asking, 'consentEndsAt', kept.ends_at) AS state
        FROM page
        LEFT JOIN LATERAL (
          SELECT at FROM calls WHERE calls.site_id = page.id ORDER BY at DESC LIMIT 1
        ) AS called ON true
        LEFT JOIN LATERAL (
          SELECT count(*) FROM (
            SELECT 1 FROM calls
            WHERE calls.site_id = page.id AND status >= 400 AND at >= ${failedSince} LIMIT ${mostRefusals}
          ) AS newest
        ) AS refused ON true
        LEFT JOIN LATERAL (
          SELECT event.received_at, deliveries.state FROM (
            SELECT seq, received_at FROM events WHERE events.site_id = page.id ORDER BY received_at DESC LIMIT 1
          ) AS event JOIN deliveries ON deliveries.event_seq = event.seq AND deliveries.site_id = page.id
        ) AS newest ON true
        LEFT JOIN LATERAL (
          SELECT count(*) FROM deliveries
          WHERE deliveries.state = 'dead' AND deliveries.site_id = page.id AND deliveries.settled_at >= ${failedSince}
        ) AS dead ON true
        LEFT JOIN LATERAL (
          SELECT count(*), min(items.authentication_expires_at) AS ends_at, count(*) FILTER (WHERE ${asks}) AS asking
          FROM bridge_users JOIN items ON items.user_id = bridge_users.id
          WHERE bridge_users.site_id = page.id AND items.gone_at IS NULL
        ) AS kept ON true
        ORDER BY page.rank, page.folded_name, page.id`)
      return rows.map(({ state }) => state)
    }),

  countLately: (since) =>
    run(async (db) => {
      const { rows } = await db.execute<{ state: DeliveryState; count: string }>(sql`
        SELECT state, count(*) AS count FROM (
          SELECT seq FROM events WHERE received_at >= ${since} ORDER BY received_at DESC LIMIT ${mostEvents}
        ) AS newest JOIN deliveries ON deliveries.event_seq = newest.seq GROUP BY state`)
      const counted = rows.map(({ state, count }) => [state, Number(count)])
      return { delivered: 0, pending: 0, dead: 0, ...Object.fromEntries(counted) }
    }),

  countConsentEnds: ({ from, stepMs, steps }) =>
    run(async (db) => {
      const start = sql`${from}::bigint + step * ${stepMs}::bigint`
      const { rows } = await db.execute<{ count: string }>(sql`
        SELECT (
          SELECT count(*) FROM items WHERE gone_at IS NULL
            AND authentication_expires_at >= CASE step WHEN -1 THEN ${Number.MIN_SAFE_INTEGER}::bigint ELSE ${start} END
            AND authentication_expires_at < ${start} + ${stepMs}::bigint
        ) AS count FROM generate_series(-1, ${steps - 1}::int) AS step ORDER BY step`)
      const [ended = 0, ...byStep] = rows.map(({ count }) => Number(count))
      return { ended, byStep }
    }),
})

const list = (values: readonly number[]): SQL =>
  sql`(${sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  )})`
