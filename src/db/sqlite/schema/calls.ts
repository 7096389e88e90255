import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { BridgeStep, CallRefusal } from '../../ports/history.ts'
import { indexOfSome } from './columns.ts'

/** What callers with a key asked us and how it ended: ids alone, kept as long as event bodies. No references: the record outlives them. */
export const calls = sqliteTable(
  'calls',
  {
    /** The request id: in the answer's header and on every log line. */
    id: text().primaryKey(),
    at: integer().notNull(),
    method: text().notNull(),
    status: integer().notNull(),
    excType: text(),
    refusal: text({ mode: 'json' }).$type<CallRefusal>(),
    durationMs: integer().notNull(),
    tenantId: text(),
    siteId: text(),
    apiKey: text(),
    /** The connect request it named or opened. */
    request: text(),
    itemId: integer(),
    /** The calls of Bridge's API made for it. */
    bridge: text({ mode: 'json' }).$type<BridgeStep[]>().notNull().default([]),
  },
  (call) => [
    index('calls_at').on(call.at),
    indexOfSome('calls_refused', sql`status >= 400`, call.at),
    indexOfSome('calls_refused_site', sql`status >= 400`, call.siteId, call.at),
    index('calls_tenant').on(call.tenantId, call.at),
    indexOfSome('calls_site', sql`site_id IS NOT NULL`, call.siteId, call.at),
    indexOfSome('calls_request', sql`request IS NOT NULL`, call.request, call.at),
    indexOfSome('calls_item', sql`item_id IS NOT NULL`, call.itemId, call.at),
  ],
)
