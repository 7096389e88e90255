import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { BridgeStep, CallRefusal } from '../../ports/history.ts'

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
    index('calls_refused')
      .on(call.at)
      .where(sql`status >= 400`),
    index('calls_refused_site')
      .on(call.siteId, call.at)
      .where(sql`status >= 400`),
    index('calls_tenant').on(call.tenantId, call.at),
    index('calls_site')
      .on(call.siteId, call.at)
      .where(sql`site_id IS NOT NULL`),
    index('calls_request')
      .on(call.request, call.at)
      .where(sql`request IS NOT NULL`),
    index('calls_item')
      .on(call.itemId, call.at)
      .where(sql`item_id IS NOT NULL`),
  ],
)
