import { sql } from 'drizzle-orm'
import { blob, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { bridgeVersions, defaultPresentation, linkForms, listForms } from '../../ports/keys.ts'
import { reminderWays } from '../../ports/reminder-ways.ts'
import { usualTimeZone } from '../../ports/sites.ts'
import { indexOfSome, textOf } from './columns.ts'

export const tenants = sqliteTable('tenants', {
  id: text().primaryKey(),
  name: text().notNull().unique(),
  createdAt: integer().notNull(),
  disabledAt: integer(),
})

export const sites = sqliteTable(
  'sites',
  {
    id: text().primaryKey(),
    tenantId: textOf(() => tenants.id),
    name: text().notNull(),
    /** What all spellings of the name have in common: two older rows may share it. */
    foldedName: text().notNull().default(''),
    /** Pinned by the first link call; null until then. */
    origin: text(),
    /** Further origins that redirects and webhooks may have. */
    allowedOrigins: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    webhookUrl: text(),
    /** `whsec_…`, sealed. */
    webhookSecret: blob({ mode: 'buffer' }).notNull(),
    timeZone: text().notNull().default(usualTimeZone),
    /** How its users are reminded of a consent that ends. */
    remindBy: text({ enum: reminderWays }).notNull().default('webhook'),
    createdAt: integer().notNull(),
    /** When its deletion began: from then on nobody sees it. */
    removedAt: integer(),
  },
  (site) => [
    uniqueIndex('sites_tenant_name').on(site.tenantId, site.name),
    index('sites_tenant_folded').on(site.tenantId, site.foldedName),
    index('sites_folded').on(site.foldedName),
    index('sites_tenant_origin').on(site.tenantId, site.origin),
  ],
)

export const apiKeys = sqliteTable(
  'api_keys',
  {
    apiKey: text().primaryKey(),
    tenantId: textOf(() => tenants.id),
    /** Null: a tenant key, which sees all the tenant's sites. */
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    /** HMAC of the secret and of whose key it is, keyed with the pepper. */
    secretHash: blob({ mode: 'buffer' }).notNull(),
    /** The secret before the last rotation, and until when it is still good. */
    previousSecretHash: blob({ mode: 'buffer' }),
    previousSecretUntil: integer(),
    /** When it got its present secret; null while that is its first. */
    rotatedAt: integer(),
    label: text(),
    bridgeVersion: text({ enum: bridgeVersions })
      .notNull()
      .default(defaultPresentation.bridgeVersion),
    lists: text({ enum: listForms }).notNull().default(defaultPresentation.lists),
    links: text({ enum: linkForms }).notNull().default(defaultPresentation.links),
    readOnly: integer({ mode: 'boolean' }).notNull().default(false),
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
export const audit = sqliteTable(
  'audit',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    at: integer().notNull(),
    /** No reference: the record outlives its tenant. */
    tenantId: text(),
    actor: text().notNull(),
    action: text().notNull(),
    subject: text().notNull(),
    detail: text({ mode: 'json' }).$type<Record<string, unknown>>(),
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
