/** The kinds of rows a tenant's export consists of. */
export const exportKinds = [
  'sites',
  'keys',
  'users',
  'requests',
  'items',
  'accounts',
  'lost_accounts',
  'refreshes',
  'renewals',
  'events',
  'deliveries',
  'attempts',
  'endpoints',
  'calls',
  'usage',
  'audit',
] as const

export type ExportKind = (typeof exportKinds)[number]

export interface ExportStore {
  /** Rows of a tenant, secrets and hashes left out, in the order of `key`, those behind `after`. Sealed values stay sealed. */
  listForExport(
    tenantId: string,
    kind: ExportKind,
    page: { after: string | number | null; limit: number },
  ): Promise<{ key: string | number; row: Record<string, unknown> }[]>
}
