import { sql, type SQL } from 'drizzle-orm'
import type { DeliveryState } from '../../ports/deliveries.ts'
import type { OverviewStore, SiteState } from '../../ports/overview.ts'
import type { Tools } from '../tools.ts'

/** How many refusals of a site are counted: a client that runs wild makes any number of them. */
const mostRefusals = 5_000

/** How many events are looked at for what became of them lately. */
const mostEvents = 5_000

/** Numbers of eight bytes come as texts. */
type Row = Pick<SiteState, 'id' | 'name' | 'tenant'> & {
  is_tenant_disabled: boolean
  has_webhook_url: boolean
  last_state: DeliveryState | null
} & Record<
    | 'disabled_at'
    | 'failing_since'
    | 'last_call_at'
    | 'last_at'
    | 'refused'
    | 'dead'
    | 'items'
    | 'asking'
    | 'consent_ends_at',
    string | null
  >

export const overviewOperations = ({ run }: Tools): OverviewStore => ({
  listSiteStates: ({ limit, offset }, { tenantId, failedSince, asking }) =>
    run(async (db) => {
      const whose = tenantId === undefined ? undefined : sql`AND sites.tenant_id = ${tenantId}`
      const statuses = list(asking.statuses)
      const { rows } = await db.execute<Row>(sql`
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
              WHEN sites.id IN (SELECT site_id FROM asking) THEN 2 ELSE 3 END AS rank, sites.folded_name
          FROM sites JOIN tenants ON tenants.id = sites.tenant_id
          LEFT JOIN endpoints ON endpoints.site_id = sites.id
          WHERE sites.removed_at IS NULL ${whose}
          ORDER BY rank, sites.folded_name, sites.id LIMIT ${limit} OFFSET ${offset}
        )
        SELECT page.*, called.at AS last_call_at, newest.received_at AS last_at, newest.state AS last_state,
          refused.count AS refused, dead.count AS dead, kept.count AS items, kept.asking, kept.ends_at AS consent_ends_at
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
          SELECT count(*), min(items.authentication_expires_at) AS ends_at, count(*) FILTER (
            WHERE items.status IN ${statuses} OR items.authentication_expires_at <= ${asking.consentsUntil}
          ) AS asking
          FROM bridge_users JOIN items ON items.user_id = bridge_users.id
          WHERE bridge_users.site_id = page.id AND items.gone_at IS NULL
        ) AS kept ON true
        ORDER BY page.rank, page.folded_name, page.id`)
      return rows.map(toState)
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

function toState(row: Row): SiteState {
  const number = (text: string | null): number | null => (text === null ? null : Number(text))
  const lastAt = number(row.last_at)
  return {
    id: row.id,
    name: row.name,
    tenant: row.tenant,
    isTenantDisabled: row.is_tenant_disabled,
    hasWebhookUrl: row.has_webhook_url,
    disabledAt: number(row.disabled_at),
    failingSince: number(row.failing_since),
    lastCallAt: number(row.last_call_at),
    lastDelivery:
      lastAt === null || row.last_state === null ? null : { at: lastAt, state: row.last_state },
    failed: { calls: Number(row.refused ?? 0), webhooks: Number(row.dead ?? 0) },
    items: Number(row.items ?? 0),
    asking: Number(row.asking ?? 0),
    consentEndsAt: number(row.consent_ends_at),
  }
}

const list = (values: readonly number[]): SQL =>
  sql`(${sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  )})`
