import { and, asc, desc, eq, gte, inArray, lt, sql, type SQL } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import type { Attempt } from '../../ports/deliveries.ts'
import type {
  CallFilter,
  EventFilter,
  HistoryStore,
  Page,
  RequestFilter,
  TriedDelivery,
  UserFilter,
} from '../../ports/history.ts'
import {
  accounts,
  bridgeUsers,
  calls,
  connectRequests as requests,
  deliveries,
  events,
  items,
  sites,
  tenants,
} from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { triesOf } from './delivery-reports.ts'
import { findSubjects } from './subjects.ts'
import { storeCalls } from './usage.ts'

/** Of what is older than the row that the page begins behind, by the place that one has. */
const older = ({ before }: Page, olderThan: (id: string) => SQL) =>
  before === undefined ? undefined : olderThan(before)

const olderCalls = (id: string) =>
  sql`(${calls.at}, ${calls.id}) < (SELECT at, id FROM calls WHERE id = ${id})`

const olderRequests = (id: string) =>
  sql`(${requests.openedAt}, ${requests.id}) < (SELECT opened_at, id FROM connect_requests WHERE id = ${id})`

const olderEvents = (id: string) =>
  sql`(${events.receivedAt}, ${events.seq}) < (SELECT received_at, seq FROM events WHERE id = ${id})`

const olderUsers = (id: string) => lt(bridgeUsers.id, id)

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
          .where(and(...callConditions(filter), older(page, olderCalls)))
          .orderBy(desc(calls.at), desc(calls.id))
          .limit(page.limit)
        return rows.map(({ call, tenant, site }) => ({ ...call, tenant, site }))
      }),

    listRequests: (filter, page) =>
      run((db) =>
        db
          .select({ request: requests, user: bridgeUsers, site: sites, tenant: tenants.name })
          .from(requests)
          .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(...requestConditions(filter), older(page, olderRequests)))
          .orderBy(desc(requests.openedAt), desc(requests.id))
          .limit(page.limit),
      ),

    listEvents: (filter, page) =>
      run(async (db) => {
        const rows = await db
          .select({ event: events, delivery: deliveries, tenant: tenants.name, site: sites.name })
          .from(events)
          .leftJoin(sites, eq(sites.id, events.siteId))
          .leftJoin(tenants, eq(tenants.id, sites.tenantId))
          .leftJoin(deliveries, eq(deliveries.eventSeq, events.seq))
          .where(and(...eventConditions(filter), older(page, olderEvents)))
          .orderBy(desc(events.receivedAt), desc(events.seq))
          .limit(page.limit)
        const tries = await triesOf(
          db,
          rows.flatMap(({ delivery }) => delivery?.id ?? []),
        )
        return rows.map(({ event: { body: _sealed, ...event }, delivery, tenant, site }) => ({
          ...event,
          tenant,
          site,
          delivery: delivery && withTries(delivery, tries.get(delivery.id) ?? []),
        }))
      }),

    listUsers: (filter, page) =>
      run((db) =>
        db
          .select({
            user: bridgeUsers,
            site: sites,
            tenant: tenants.name,
            createdAt: bridgeUsers.createdAt,
            items: db.$count(items, eq(items.userId, bridgeUsers.id)),
          })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(and(...userConditions(filter), older(page, olderUsers)))
          .orderBy(desc(bridgeUsers.id))
          .limit(page.limit),
      ),

    listHeldItems: (which) =>
      run(async (db) => {
        const rows = await db
          .select({ item: items, user: bridgeUsers, site: sites, tenant: tenants.name })
          .from(items)
          .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(heldCondition(db, which))
        const known = await accountsOf(
          db,
          rows.map(({ item }) => item.id),
        )
        return rows.map((held) => ({ ...held, accounts: known.get(held.item.id) ?? [] }))
      }),

    readSite: (siteId) =>
      run(async (db) => {
        const [found] = await db
          .select({ site: sites, tenant: tenants })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(eq(sites.id, siteId))
        return found
      }),

    findSubjects: (word, limit) => run((db) => findSubjects(db, word, limit)),
  }
}

const callConditions = (filter: CallFilter) => [
  filter.id === undefined ? undefined : eq(calls.id, filter.id),
  filter.tenantId === undefined ? undefined : eq(calls.tenantId, filter.tenantId),
  filter.siteId === undefined ? undefined : eq(calls.siteId, filter.siteId),
  filter.apiKey === undefined ? undefined : eq(calls.apiKey, filter.apiKey),
  filter.request === undefined ? undefined : eq(calls.request, filter.request),
  filter.itemId === undefined ? undefined : eq(calls.itemId, filter.itemId),
  filter.method === undefined ? undefined : eq(calls.method, filter.method),
  filter.since === undefined ? undefined : gte(calls.at, filter.since),
  filter.status &&
    and(gte(calls.status, filter.status.from), lt(calls.status, filter.status.until)),
  // Written out, so that the index of refused calls is seen to fit.
  filter.status && filter.status.from >= 400 ? sql`${calls.status} >= 400` : undefined,
]

const requestConditions = (filter: RequestFilter) => [
  filter.id === undefined ? undefined : eq(requests.id, filter.id),
  filter.itemId === undefined ? undefined : eq(requests.itemId, filter.itemId),
  filter.tenantId === undefined ? undefined : eq(sites.tenantId, filter.tenantId),
  filter.siteId === undefined ? undefined : eq(bridgeUsers.siteId, filter.siteId),
  filter.userId === undefined ? undefined : eq(requests.userId, filter.userId),
  filter.userName === undefined ? undefined : eq(bridgeUsers.foldedName, foldName(filter.userName)),
  filter.state === undefined ? undefined : eq(requests.state, filter.state),
  filter.since === undefined ? undefined : gte(requests.openedAt, filter.since),
]

const eventConditions = (filter: EventFilter) => [
  filter.id === undefined ? undefined : eq(events.id, filter.id),
  filter.deliveryId === undefined ? undefined : eq(deliveries.id, filter.deliveryId),
  filter.itemId === undefined ? undefined : eq(events.itemId, filter.itemId),
  filter.tenantId === undefined ? undefined : eq(sites.tenantId, filter.tenantId),
  filter.siteId === undefined ? undefined : eq(events.siteId, filter.siteId),
  filter.type === undefined ? undefined : eq(events.type, filter.type),
  filter.since === undefined ? undefined : gte(events.receivedAt, filter.since),
]

const heldCondition = (db: Db, which: Parameters<HistoryStore['listHeldItems']>[0]) => {
  if ('userId' in which) return eq(items.userId, which.userId)
  if ('id' in which) return eq(items.id, which.id)
  const itsItem = db
    .select({ id: accounts.itemId })
    .from(accounts)
    .where(eq(accounts.id, which.accountId))
  return inArray(items.id, itsItem)
}

const userConditions = (filter: UserFilter) => [
  filter.id === undefined ? undefined : eq(bridgeUsers.id, filter.id),
  filter.tenantId === undefined ? undefined : eq(sites.tenantId, filter.tenantId),
  filter.siteId === undefined ? undefined : eq(bridgeUsers.siteId, filter.siteId),
  filter.name === undefined ? undefined : eq(bridgeUsers.foldedName, foldName(filter.name)),
]

async function accountsOf(db: Db, itemIds: number[]): Promise<Map<number, number[]>> {
  const { id, itemId } = accounts
  const rows =
    itemIds.length === 0
      ? []
      : await db
          .select({ id, itemId })
          .from(accounts)
          .where(inArray(itemId, itemIds))
          .orderBy(asc(id))
  const byItem = Map.groupBy(rows, (row) => row.itemId)
  return new Map([...byItem].map(([item, own]) => [item, own.map((row) => row.id)]))
}

function withTries(
  { id, state, createdAt, dueAt, settledAt, attempts }: typeof deliveries.$inferSelect,
  tries: readonly Attempt[],
): TriedDelivery {
  const open = tries.map(({ response: _sealed, ...one }) => one)
  return { id, state, createdAt, dueAt, settledAt, attempts, tries: open }
}
