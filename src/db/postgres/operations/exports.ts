import { and, asc, eq, getTableColumns, gt, inArray, type SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { ExportKind, ExportStore } from '../../ports/exports.ts'
import { keptBack } from '../../rules/kept-back.ts'
import {
  accounts,
  apiKeys,
  attempts,
  audit,
  bridgeUsers,
  calls,
  connectRequests,
  deliveries,
  endpoints,
  events,
  itemRefreshes,
  items,
  renewals,
  sites,
} from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'

/** A kind of rows: its table and key, and whose rows they are. */
interface Source {
  table: PgTable
  key: PgColumn
  mine(db: Db, tenantId: string): SQL
}

const siteIds = (db: Db, tenantId: string) =>
  db.select({ id: sites.id }).from(sites).where(eq(sites.tenantId, tenantId))
const userIds = (db: Db, tenantId: string) =>
  db
    .select({ id: bridgeUsers.id })
    .from(bridgeUsers)
    .where(inArray(bridgeUsers.siteId, siteIds(db, tenantId)))
const itemIds = (db: Db, tenantId: string) =>
  db
    .select({ id: items.id })
    .from(items)
    .where(inArray(items.userId, userIds(db, tenantId)))
const deliveryIds = (db: Db, tenantId: string) =>
  db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(inArray(deliveries.siteId, siteIds(db, tenantId)))

const ofSites = (column: PgColumn) => (db: Db, tenantId: string) =>
  inArray(column, siteIds(db, tenantId))

const sources: Record<ExportKind, Source> = {
  sites: {
    table: sites,
    key: sites.id,
    mine: (_db, tenantId) => eq(sites.tenantId, tenantId),
  },
  keys: {
    table: apiKeys,
    key: apiKeys.apiKey,
    mine: (_db, tenantId) => eq(apiKeys.tenantId, tenantId),
  },
  users: { table: bridgeUsers, key: bridgeUsers.id, mine: ofSites(bridgeUsers.siteId) },
  requests: {
    table: connectRequests,
    key: connectRequests.id,
    mine: (db, tenantId) => inArray(connectRequests.userId, userIds(db, tenantId)),
  },
  items: {
    table: items,
    key: items.id,
    mine: (db, tenantId) => inArray(items.userId, userIds(db, tenantId)),
  },
  accounts: {
    table: accounts,
    key: accounts.id,
    mine: (db, tenantId) => inArray(accounts.itemId, itemIds(db, tenantId)),
  },
  refreshes: {
    table: itemRefreshes,
    key: itemRefreshes.id,
    mine: (db, tenantId) => inArray(itemRefreshes.itemId, itemIds(db, tenantId)),
  },
  renewals: {
    table: renewals,
    key: renewals.id,
    mine: (db, tenantId) => inArray(renewals.itemId, itemIds(db, tenantId)),
  },
  events: { table: events, key: events.seq, mine: ofSites(events.siteId) },
  deliveries: {
    table: deliveries,
    key: deliveries.id,
    mine: ofSites(deliveries.siteId),
  },
  attempts: {
    table: attempts,
    key: attempts.id,
    mine: (db, tenantId) => inArray(attempts.deliveryId, deliveryIds(db, tenantId)),
  },
  endpoints: {
    table: endpoints,
    key: endpoints.siteId,
    mine: ofSites(endpoints.siteId),
  },
  calls: {
    table: calls,
    key: calls.id,
    mine: (_db, tenantId) => eq(calls.tenantId, tenantId),
  },
  audit: {
    table: audit,
    key: audit.id,
    mine: (_db, tenantId) => eq(audit.tenantId, tenantId),
  },
}

export function exportOperations({ run }: Tools): ExportStore {
  return {
    listForExport: (tenantId, kind, { after, limit }) =>
      run(async (db) => {
        const { table, key, mine } = sources[kind]
        const open = Object.entries(getTableColumns(table)).filter(
          ([name]) => !keptBack[kind]?.includes(name),
        )
        const columns = Object.fromEntries(open) as Record<string, PgColumn>
        const keyName = open.find(([, column]) => column === key)![0]
        const rows = await db
          .select(columns)
          .from(table)
          .where(and(mine(db, tenantId), after === null ? undefined : gt(key, after)))
          .orderBy(asc(key))
          .limit(limit)
        return rows.map((row) => ({ key: row[keyName] as string | number, row }))
      }),
  }
}
