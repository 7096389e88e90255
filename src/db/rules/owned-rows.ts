import type { ExportKind } from '../ports/exports.ts'
import type { Removal } from '../ports/removals.ts'

/** Whose rows are meant: a tenant's, or those of one of its sites. */
export type RowOwner = Pick<Removal, 'kind' | 'subjectId'>

/** A table, its key, and the way from a row to its owner; by the names that both schemas have. */
interface OwnedRows {
  table: string
  key: string
  /** The column that names the owner, or a row of `of`, which leads further. */
  by: string
  of?: ExportKind
  /** The column that names the site, where `by` names the tenant. */
  bySite?: string
  /** What leaves with no export: secrets and their hashes, what tells IBANs apart, which process is at work. */
  keptBack?: readonly string[]
}

const rows = {
  sites: { table: 'sites', key: 'id', by: 'tenantId', bySite: 'id', keptBack: ['webhookSecret'] },
  keys: {
    table: 'apiKeys',
    key: 'apiKey',
    by: 'tenantId',
    bySite: 'siteId',
    keptBack: ['secretHash', 'previousSecretHash'],
  },
  users: { table: 'bridgeUsers', key: 'id', by: 'siteId', of: 'sites' },
  requests: { table: 'connectRequests', key: 'id', by: 'userId', of: 'users' },
  items: { table: 'items', key: 'id', by: 'userId', of: 'users' },
  accounts: {
    table: 'accounts',
    key: 'id',
    by: 'itemId',
    of: 'items',
    keptBack: ['ibanFingerprint', 'ownerPrint'],
  },
  lost_accounts: {
    table: 'lostAccounts',
    key: 'id',
    by: 'userId',
    of: 'users',
    keptBack: ['ownerPrint'],
  },
  refreshes: { table: 'itemRefreshes', key: 'id', by: 'itemId', of: 'items' },
  renewals: { table: 'renewals', key: 'id', by: 'itemId', of: 'items' },
  events: { table: 'events', key: 'seq', by: 'siteId', of: 'sites' },
  deliveries: {
    table: 'deliveries',
    key: 'id',
    by: 'siteId',
    of: 'sites',
    keptBack: ['claimedBy'],
  },
  attempts: { table: 'attempts', key: 'id', by: 'deliveryId', of: 'deliveries' },
  endpoints: {
    table: 'endpoints',
    key: 'siteId',
    by: 'siteId',
    of: 'sites',
    keptBack: ['previousSecret'],
  },
  calls: { table: 'calls', key: 'id', by: 'tenantId', bySite: 'siteId' },
  usage: { table: 'usage', key: 'id', by: 'tenantId' },
  audit: { table: 'audit', key: 'id', by: 'tenantId' },
} as const satisfies Record<ExportKind, OwnedRows>

/** The tables that rules name. */
export type TableName = (typeof rows)[ExportKind]['table'] | 'removals'

/** The rows of a tenant, by their kind. */
export const ownedRows: Record<ExportKind, OwnedRows & { table: TableName }> = rows
