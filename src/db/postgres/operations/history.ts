import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gte,
  isNotNull,
  isNull,
  lt,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { foldName } from '../../../names.ts'
import { matching, when } from '../../conditions.ts'
import type {
  CallFilter,
  EventFilter,
  EventPage,
  HistoryStore,
  ListedEvent,
  Page,
  RequestFilter,
  UserFilter,
} from '../../ports/history.ts'
import type { Scope } from '../../scope.ts'
import {
  bridgeUsers,
  calls,
  connectRequests as requests,
  deliveries,
  endpoints,
  events,
  items,
  sites,
  tenants,
} from '../schema/index.ts'
import { nextTryAt } from '../../rules/next-try.ts'
import { type Db, type Tools } from '../tools.ts'
import { triesOf } from './delivery-reports.ts'
import { ownedRequests } from './requests.ts'
import { inScope } from './sites.ts'
import { findSubjects } from './subjects.ts'
import { storeCalls } from './usage.ts'

/** Of an event all but its body, of which whether it is there. */
const { body: _body, ...columns } = getTableColumns(events)
const event = { ...columns, siteId: sites.id, hasBody: isNotNull(events.body).mapWith(Boolean) }

/** Of what is older than the row that the page begins behind, by the place that one has. */
const older = ({ before }: Page, id: PgColumn, ...order: PgColumn[]) =>
  when(before, (name) => {
    const place = sql.join(order, sql`, `)
    return sql`(${place}) < (SELECT ${place} FROM ${id.table} WHERE ${id} = ${name})`
  })

/** Of events that come in an order, those behind one of them. */
const behind = ({ first, after }: EventPage) =>
  when(after, ({ receivedAt, seq }) => {
    const sign = first === 'oldest' ? sql`>` : sql`<`
    return sql`(${events.receivedAt}, ${events.seq}) ${sign} (${receivedAt}, ${seq})`
  })

export function historyOperations({ run }: Tools): HistoryStore {
  return {
    addCalls: (records) =>
      run(async (db) => {
        if (records.length > 0) await storeCalls(db, records)
      }),

    listCalls: (filter, page) =>
      run(async (db) => {
        const rows = await db
          .select({ call: calls, tenant: tenants.name, site: sites.name })
          .from(calls)
          .leftJoin(tenants, eq(tenants.id, calls.tenantId))
          .leftJoin(sites, eq(sites.id, calls.siteId))
          .where(and(...callConditions(filter), older(page, calls.id, calls.at, calls.id)))
          .orderBy(desc(calls.at), desc(calls.id))
          .limit(page.limit)
        return rows.map(({ call, tenant, site }) => ({ ...call, tenant, site }))
      }),

    listRequests: (filter, page) =>
      run((db) =>
        ownedRequests(db)
          .where(
            and(
              ...requestConditions(filter),
              older(page, requests.id, requests.openedAt, requests.id),
            ),
          )
          .orderBy(desc(requests.openedAt), desc(requests.id))
          .limit(page.limit),
      ),

    listEvents: (filter, page) =>
      run((db) =>
        eventsWhere(
          db,
          and(...eventConditions(filter), older(page, events.id, events.receivedAt, events.seq)),
          page,
        ),
      ),

    listUsers: (filter, page) =>
      run((db) =>
        db
          .select({
            user: bridgeUsers,
            site: sites,
            tenant: tenants.name,
            createdAt: bridgeUsers.createdAt,
            mailStoppedAt: bridgeUsers.mailStoppedAt,
            mailRefusals: bridgeUsers.mailRefusals,
            items: db.$count(items, eq(items.userId, bridgeUsers.id)),
          })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(
            and(
              ...userConditions(filter),
              when(page.before, (id) => lt(bridgeUsers.id, id)),
            ),
          )
          .orderBy(desc(bridgeUsers.id))
          .limit(page.limit),
      ),

    listHeldBanks: () =>
      run(async (db) => {
        const { rows } = await db.execute<{ id: string; name: string | null }>(sql`
          WITH RECURSIVE held(id) AS (
            SELECT min(provider_id) FROM items WHERE gone_at IS NULL
            UNION ALL
            SELECT (SELECT min(provider_id) FROM items WHERE gone_at IS NULL AND provider_id > held.id)
            FROM held WHERE held.id IS NOT NULL
          )
          SELECT id, (
            SELECT coalesce(provider_name, bank) FROM items
            WHERE gone_at IS NULL AND provider_id = held.id AND coalesce(provider_name, bank) IS NOT NULL
  ORDER BY items.id DESC LIMIT 1
          ) AS name FROM held WHERE id IS NOT NULL`)
        return rows.map(({ id, name }) => ({ id: Number(id), name }))
      }),

    findSubjects: (word, limit) => run((db) => findSubjects(db, word, limit)),
  }
}

/** What the feed of a scope gives: of deleted connections nothing. */
const isInFeed = (scope: Scope) =>
  and(
    inScope(scope),
    scope.siteId === null ? undefined : eq(events.siteId, scope.siteId),
    isNotNull(events.body),
  )

/** Those of the events that lie on a page, each with how its delivery stands. */
async function eventsWhere(
  db: Db,
  which: SQL | undefined,
  page: EventPage,
): Promise<ListedEvent[]> {
  const order = page.first === 'oldest' ? asc : desc
  const rows = await db
    .select({
      event,
      delivery: deliveries,
      tenant: tenants.name,
      site: sites.name,
      stops: {
        holdUntil: endpoints.holdUntil,
        endpointDisabledAt: endpoints.disabledAt,
        tenantDisabledAt: tenants.disabledAt,
        siteRemovedAt: sites.removedAt,
      },
    })
    .from(events)
    .leftJoin(deliveries, eq(deliveries.eventSeq, events.seq))
    .innerJoin(sites, eq(sites.id, events.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))
    .leftJoin(endpoints, eq(endpoints.siteId, sites.id))
    .where(and(which, behind(page)))
    .orderBy(order(events.receivedAt), order(events.seq))
    .limit(page.limit)
  const tries = await triesOf(
    db,
    rows.flatMap(({ delivery }) => delivery?.id ?? []),
  )
  return rows.map(({ event, delivery, tenant, site, stops }) => ({
    ...event,
    tenant,
    site,
    delivery: delivery && {
      ...delivery,
      nextTryAt: nextTryAt({ ...delivery, ...stops }),
      tries: (tries.get(delivery.id) ?? []).map(({ response: _sealed, ...one }) => one),
    },
  }))
}

const callConditions = (filter: CallFilter) => [
  ...matching(filter, calls, ['id', 'tenantId', 'siteId', 'apiKey', 'request', 'itemId', 'method']),
  when(filter.since, (at) => gte(calls.at, at)),
  when(filter.status, ({ from, until }) => and(gte(calls.status, from), lt(calls.status, until))),
  // Written out, so that the index of refused calls is seen to fit.
  when(filter.status, ({ from }) => (from >= 400 ? sql`${calls.status} >= 400` : undefined)),
]

const requestConditions = (filter: RequestFilter) => [
  ...matching(filter, requests, ['id', 'itemId', 'userId', 'state']),
  ...matching(filter, bridgeUsers, ['siteId']),
  ...matching(filter, sites, ['tenantId']),
  when(filter.userName, (name) => eq(bridgeUsers.foldedName, foldName(name))),
  when(filter.since, (at) => gte(requests.openedAt, at)),
]

const eventConditions = (filter: EventFilter) => [
  ...matching(filter, events, ['id', 'siteId', 'itemId', 'type']),
  ...matching(filter, sites, ['tenantId']),
  when(filter.deliveryId, (id) => eq(deliveries.id, id)),
  when(filter.since, (at) => gte(events.receivedAt, at)),
  when(filter.until, (at) => lt(events.receivedAt, at)),
  when(filter.feedOf, isInFeed),
  when(filter.state, (state) =>
    state === 'kept' || state === 'forgotten'
      ? and(isNull(deliveries.id), state === 'kept' ? isNotNull(events.body) : isNull(events.body))
      : eq(deliveries.state, state),
  ),
]

const userConditions = (filter: UserFilter) => [
  ...matching(filter, bridgeUsers, ['id', 'siteId', 'userUuid']),
  ...matching(filter, sites, ['tenantId']),
  when(filter.name, (name) => eq(bridgeUsers.foldedName, foldName(name))),
]
