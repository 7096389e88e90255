import { and, eq, gte, inArray, isNull, lt, sql, type SQL } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { DeliveryState } from '../../ports/deliveries.ts'
import type { Asking, OverviewStore, SiteState } from '../../ports/overview.ts'
import { calls, deliveries, endpoints, events, items, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

/** How many refusals of a site are counted: a client that runs wild makes any number of them. */
const mostRefusals = 5_000

/** How many events are looked at for what became of them lately. */
const mostEvents = 5_000

type Row = Pick<SiteState, 'id' | 'name' | 'tenant' | 'disabledAt' | 'failingSince'> & {
  tenantDisabledAt: number | null
  hasWebhookUrl: number
}

export function overviewOperations({ db, read }: Tools): OverviewStore {
  return {
    listSiteStates: (page, { tenantId, failedSince, asking }) =>
      read(() => {
        const found = worstFirst(page, { tenantId, asking })
        if (found.length === 0) return []
        const ids = found.map(({ id }) => id)
        const kept = countItems(ids, asking)
        const seen = lastSeen(ids, failedSince)
        return found.map(({ tenantDisabledAt, hasWebhookUrl, ...row }): SiteState => {
          const {
            lastCallAt = null,
            lastAt = null,
            lastState = null,
            dead = 0,
            refused = 0,
          } = seen.get(row.id) ?? {}
          const { count = 0, ask = 0, end = null } = kept.get(row.id) ?? {}
          return {
            ...row,
            isTenantDisabled: tenantDisabledAt !== null,
            hasWebhookUrl: hasWebhookUrl === 1,
            lastCallAt,
            lastDelivery:
              lastAt === null || lastState === null ? null : { at: lastAt, state: lastState },
            failed: { calls: refused, webhooks: dead },
            items: count,
            asking: ask,
            consentEndsAt: end,
          }
        })
      }),

    countLately: (since) =>
      read(() => {
        const rows = db.all<{ state: DeliveryState; count: number }>(sql`
          SELECT state, count(*) AS count FROM (
            SELECT seq FROM ${events} WHERE received_at >= ${since} ORDER BY received_at DESC LIMIT ${mostEvents}
          ) AS newest JOIN ${deliveries} ON deliveries.event_seq = newest.seq GROUP BY state`)
        const counted = rows.map(({ state, count }) => [state, count])
        return { delivered: 0, pending: 0, dead: 0, ...Object.fromEntries(counted) }
      }),

    countConsentEnds: ({ from, stepMs, steps }) =>
      read(() => {
        const { authenticationExpiresAt: end, goneAt } = items
        const count = db
          .select({ count: sql<number>`count(*)` })
          .from(items)
          .where(and(isNull(goneAt), gte(end, given('from')), lt(end, given('until'))))
          .prepare()
        const between = (first: number, until: number): number =>
          count.get({ from: first, until })?.count ?? 0
        const step = (number: number): number => from + number * stepMs
        return {
          ended: between(Number.MIN_SAFE_INTEGER, from),
          byStep: Array.from({ length: steps }, (_, number) =>
            between(step(number), step(number + 1)),
          ),
        }
      }),
  }

  function worstFirst(
    { limit, offset }: { limit: number; offset: number },
    { tenantId, asking }: { tenantId: string | undefined; asking: Asking },
  ): Row[] {
    const whose = tenantId === undefined ? undefined : sql`AND sites.tenant_id = ${tenantId}`
    // One tenant's page reads that tenant's items: those who ask in the whole installation are many.
    const isAsking =
      tenantId === undefined
        ? sql`sites.id IN (SELECT site_id FROM asking)`
        : sql`EXISTS (
            SELECT 1 FROM bridge_users JOIN items ON items.user_id = bridge_users.id
            WHERE bridge_users.site_id = sites.id AND items.gone_at IS NULL
              AND (items.authentication_expires_at <= ${asking.consentsUntil} OR items.status IN ${list(asking.statuses)}))`
    return db.all(sql`
      WITH asking AS (
        SELECT site_id FROM bridge_users WHERE id IN (
          SELECT user_id FROM items WHERE gone_at IS NULL AND authentication_expires_at <= ${asking.consentsUntil}
          UNION ALL
          SELECT user_id FROM items WHERE gone_at IS NULL AND status <> 0 AND status IN ${list(asking.statuses)}
        )
      )
      SELECT sites.id, sites.name, tenants.name AS tenant, tenants.disabled_at AS tenantDisabledAt,
        sites.webhook_url IS NOT NULL AS hasWebhookUrl,
        endpoints.disabled_at AS disabledAt, endpoints.failing_since AS failingSince
      FROM ${sites} JOIN ${tenants} ON tenants.id = sites.tenant_id
      LEFT JOIN ${endpoints} ON endpoints.site_id = sites.id
      WHERE sites.removed_at IS NULL ${whose}
      ORDER BY CASE WHEN endpoints.disabled_at IS NOT NULL THEN 0 WHEN endpoints.failing_since IS NOT NULL THEN 1
        WHEN ${isAsking} THEN 2 ELSE 3 END, sites.folded_name, sites.id
      LIMIT ${limit} OFFSET ${offset}`)
  }

  function countItems(
    ids: readonly string[],
    { statuses, consentsUntil }: { statuses: readonly number[]; consentsUntil: number },
  ) {
    const rows = db.all<{ site: string; count: number; ask: number; end: number | null }>(sql`
      SELECT bridge_users.site_id AS site, count(*) AS count, min(items.authentication_expires_at) AS end,
        sum(items.status IN ${list(statuses)} OR ifnull(items.authentication_expires_at <= ${consentsUntil}, 0)) AS ask
      FROM bridge_users JOIN items ON items.user_id = bridge_users.id
      WHERE bridge_users.site_id IN ${list(ids)} AND items.gone_at IS NULL GROUP BY bridge_users.site_id`)
    return new Map(rows.map((row) => [row.site, row]))
  }

  function lastSeen(ids: readonly string[], since: number) {
    const { state, siteId } = deliveries
    const newest = sql`(SELECT seq FROM ${events} WHERE events.site_id = sites.id ORDER BY received_at DESC LIMIT 1)`
    const rows = db
      .select({
        id: sites.id,
        lastCallAt: sql<
          number | null
        >`(SELECT max(at) FROM ${calls} WHERE calls.site_id = sites.id)`,
        lastAt: sql<number | null>`${events.receivedAt}`,
        lastState: state,
        dead: sql<number>`(SELECT count(*) FROM deliveries AS dead WHERE dead.state = 'dead' AND dead.site_id = sites.id AND dead.settled_at >= ${since})`,
        refused: sql<number>`(SELECT count(*) FROM (
          SELECT 1 FROM ${calls} WHERE calls.site_id = sites.id AND status >= 400 AND at >= ${since} LIMIT ${mostRefusals}))`,
      })
      .from(sites)
      .leftJoin(events, eq(events.seq, newest))
      .leftJoin(deliveries, and(eq(deliveries.eventSeq, events.seq), eq(siteId, sites.id)))
      .where(inArray(sites.id, [...ids]))
      .all()
    return new Map(rows.map((row) => [row.id, row]))
  }
}

const list = (values: readonly (string | number)[]): SQL =>
  sql`(${sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  )})`
