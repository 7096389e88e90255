import type Sqlite from 'better-sqlite3'
import {
  and,
  desc,
  eq,
  exists,
  gt,
  isNotNull,
  isNull,
  lt,
  lte,
  max,
  notExists,
  notLike,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { Figures, OperateStore } from '../../operate-store.ts'
import {
  apiKeys,
  bridgeUsers,
  calls,
  deliveries,
  endpoints,
  events,
  instance,
  items,
  sites,
  tenants,
} from '../schema/index.ts'
import type { GroupCommit } from '../group-commit.ts'
import { prepared, type Tools } from '../tools.ts'
import { findTimeline } from './timeline.ts'

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

const given = sql.placeholder

const storeCall = prepared((db) =>
  db
    .insert(calls)
    .values({
      id: given('id'),
      at: given('at'),
      method: given('method'),
      status: given('status'),
      excType: given('excType'),
      durationMs: given('durationMs'),
      tenantId: given('tenantId'),
      siteId: given('siteId'),
      apiKey: given('apiKey'),
      request: given('request'),
      itemId: given('itemId'),
      bridge: given('bridge'),
    })
    .onConflictDoNothing()
    .prepare(),
)

export function operateOperations({
  db,
  client,
  read,
  write,
  group,
}: Tools & { client: Sqlite.Database; group: GroupCommit }): OperateStore {
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
    probeWrite: (at) =>
      write(() => {
        db.update(instance).set({ probedAt: at }).run()
      }),

    readFigures: (at) => read(() => figures(at)),

    readServer: () =>
      read(() => {
        const row = db.select().from(instance).get()
        if (!row?.serverId || row.serverHost === null || row.serverPid === null) return undefined
        const { serverId, serverHost: host, serverPid: pid, serverSeenAt } = row
        return { serverId, host, pid, seenAt: serverSeenAt ?? 0 }
      }),

    addCalls: (records) =>
      group(() => {
        for (const record of records) storeCall(db).run({ ...record })
      }),

    findTimeline: (word) => read(() => findTimeline(db, word)),

    listEndpoints: () =>
      read(() => {
        const delivered = db
          .select({ siteId: deliveries.siteId, at: max(deliveries.settledAt) })
          .from(deliveries)
          .where(eq(deliveries.state, 'delivered'))
          .groupBy(deliveries.siteId)
          .all()
        const lastOf = new Map(delivered.map(({ siteId, at }) => [siteId, at]))
        return db
          .select({ site: sites, tenant: tenants.name, endpoint: endpoints })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
          .where(isNotNull(sites.webhookUrl))
          .orderBy(tenants.name, sites.name)
          .all()
          .map(({ site: { id, name, tenantId, webhookUrl }, tenant, endpoint }) => ({
            site: { id, name, tenantId, tenant, webhookUrl: webhookUrl ?? '' },
            health: {
              failingSince: endpoint?.failingSince ?? null,
              disabledAt: endpoint?.disabledAt ?? null,
              disabledReason: endpoint?.disabledReason ?? null,
            },
            allowedTargets: endpoint?.allowedTargets ?? [],
            lastDeliveredAt: lastOf.get(id) ?? null,
          }))
      }),

    lastWebhookAt: (until) =>
      read(
        () =>
          // Text order and an index: Bridge's events alone begin with their name.
          db
            .select({ at: events.receivedAt })
            .from(events)
            .where(
              and(
                gt(events.dedupeKey, 'bridge:'),
                lt(events.dedupeKey, 'bridge;'),
                lte(events.receivedAt, until),
              ),
            )
            .orderBy(desc(events.receivedAt))
            .limit(1)
            .get()?.at ?? null,
      ),

    listExpiringKeys: (now, before) =>
      read(() =>
        db
          .select({
            apiKey: apiKeys.apiKey,
            tenant: tenants.name,
            label: apiKeys.label,
            expiresAt: apiKeys.expiresAt,
          })
          .from(apiKeys)
          .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
          .where(
            and(
              isNull(apiKeys.revokedAt),
              isNull(tenants.disabledAt),
              gt(apiKeys.expiresAt, now),
              lt(apiKeys.expiresAt, before),
            ),
          )
          .orderBy(apiKeys.expiresAt)
          .all()
          .map((key) => ({ ...key, expiresAt: key.expiresAt ?? 0 })),
      ),

    listKeysWithoutAddress: (now) =>
      read(() => {
        const users = (which?: SQL) =>
          db
            .select({ one: sql`1` })
            .from(bridgeUsers)
            .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
            .where(
              and(
                eq(sites.tenantId, apiKeys.tenantId),
                or(isNull(apiKeys.siteId), eq(sites.id, apiKeys.siteId)),
                isNull(sites.removedAt),
                which,
              ),
            )
        const lacksAddress = and(isNull(bridgeUsers.email), notLike(bridgeUsers.name, '%_@_%'))
        return db
          .select({ apiKey: apiKeys.apiKey, tenant: tenants.name })
          .from(apiKeys)
          .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
          .where(
            and(
              isNull(apiKeys.revokedAt),
              or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)),
              isNull(tenants.disabledAt),
              or(exists(users(lacksAddress)), notExists(users())),
            ),
          )
          .orderBy(tenants.name, apiKeys.createdAt)
          .all()
      }),

    findUuidOwner: (userUuid) =>
      read(() =>
        db
          .select({
            tenant: tenants.name,
            site: sites.name,
            user: bridgeUsers.name,
            userId: bridgeUsers.id,
          })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(eq(bridgeUsers.userUuid, userUuid))
          .get(),
      ),
  }
}
