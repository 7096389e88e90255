export interface AuditEntry {
  at: number
  tenantId?: string
  actor: string
  action: string
  subject: string
  /** Never bank data, never a secret. */
  detail?: Record<string, unknown>
  /** Entries alike in action, actor, subject and bucket are one row with a count. */
  bucket?: number
  count?: number
}

export interface AuditRow extends Required<Omit<AuditEntry, 'tenantId' | 'detail' | 'bucket'>> {
  id: number
  tenantId: string | null
  detail: Record<string, unknown> | null
  bucket: number | null
  count: number
}

export interface AuditStore {
  audit(entry: AuditEntry): Promise<void>
  /** Newest first. `action` may be a whole word or its beginning, as `key`; `subjects`: of one of these. */
  listAudit(filter: {
    tenantId?: string
    since?: number
    action?: string
    subjects?: readonly string[]
    limit: number
  }): Promise<AuditRow[]>
  /** The oldest entries that were not marked as logged. Of a database that never logged any, those written from now on. */
  listUnloggedAudit(limit: number): Promise<AuditRow[]>
  /** All entries up to this one are in the log. */
  markAuditLogged(id: number): Promise<void>
}
