import { sql } from 'drizzle-orm'
import { index, pgTable, uniqueIndex } from 'drizzle-orm/pg-core'
import { defaultPresentation, type Presentation } from '../../ports/keys.ts'
import type { ReminderWay } from '../../ports/reminder-ways.ts'
import { usualTimeZone } from '../../ports/sites.ts'
import { boolean, bytes, identity, indexOfSome, integer, json, textOf, text } from './types.ts'

export const tenants = pgTable('tenants', {
  id: text().primaryKey(),
  name: text().notNull().unique(),
  createdAt: integer().notNull(),
  disabledAt: integer(),
})

export const sites = pgTable(
  'sites',
  {
    id: text().primaryKey(),
    tenantId: textOf(() => tenants.id),
    name: text().notNull(),
    foldedName: text().notNull().default(''),
    origin: text(),
    allowedOrigins: json().$type<string[]>().notNull().default([]),
    webhookUrl: text(),
    webhookSecret: bytes().notNull(),
    timeZone: text().notNull().default(usualTimeZone),
    remindBy: text<ReminderWay>().notNull().default('webhook'),
    createdAt: integer().notNull(),
    removedAt: integer(),
  },
  (site) => [
    uniqueIndex('sites_tenant_name').on(site.tenantId, site.name),
    index('sites_tenant_folded').on(site.tenantId, site.foldedName),
    index('sites_folded').on(site.foldedName),
    index('sites_tenant_origin').on(site.tenantId, site.origin),
  ],
)

export const apiKeys = pgTable(
  'api_keys',
  {
    apiKey: text().primaryKey(),
    tenantId: textOf(() => tenants.id),
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    secretHash: bytes().notNull(),
    previousSecretHash: bytes(),
    previousSecretUntil: integer(),
    rotatedAt: integer(),
    label: text(),
    bridgeVersion: text<Presentation['bridgeVersion']>()
      .notNull()
      .default(defaultPresentation.bridgeVersion),
    lists: text<Presentation['lists']>().notNull().default(defaultPresentation.lists),
    links: text<Presentation['links']>().notNull().default(defaultPresentation.links),
    readOnly: boolean().notNull().default(false),
    createdAt: integer().notNull(),
    lastUsedAt: integer(),
    expiresAt: integer(),
    revokedAt: integer(),
  },
  (key) => [
    index('api_keys_tenant').on(key.tenantId),
    index('api_keys_site').on(key.siteId),
    indexOfSome('api_keys_unrevoked', sql`revoked_at IS NULL`, key.tenantId, key.siteId),
  ],
)

/** Append-only: who did what, and no bank data. Counted rows share one bucket of time. */
export const audit = pgTable(
  'audit',
  {
    id: identity(),
    at: integer().notNull(),
    tenantId: text(),
    actor: text().notNull(),
    action: text().notNull(),
    subject: text().notNull(),
    detail: json().$type<Record<string, unknown>>(),
    bucket: integer(),
    count: integer().notNull().default(1),
  },
  (row) => [
    index('audit_at').on(row.at),
    index('audit_tenant_at').on(row.tenantId, row.at),
    index('audit_subject').on(row.subject, row.at),
    uniqueIndex('audit_counted')
      .on(row.action, row.actor, row.subject, row.bucket)
      .where(sql`bucket IS NOT NULL`),
  ],
)
