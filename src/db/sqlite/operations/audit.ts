import { and, desc, eq, gte, or, sql } from 'drizzle-orm'
import type { AuditEntry, AuditStore } from '../../store.ts'
import { audit } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

/** Writes one audit entry inside the transaction at hand; entries of one bucket are counted in one row. */
export function writeAudit(db: Tools['db'], entry: AuditEntry): void {
  db.insert(audit)
    .values(entry)
    .onConflictDoUpdate({
      target: [audit.action, audit.actor, audit.subject, audit.bucket],
      targetWhere: sql`bucket IS NOT NULL`,
      set: { count: sql`${audit.count} + ${entry.count ?? 1}`, at: entry.at },
    })
    .run()
}

export function auditOperations({ db, read, write }: Tools): AuditStore {
  return {
    audit: (entry) => write(() => writeAudit(db, entry)),

    listAudit: ({ tenantId, since, action, limit }) =>
      read(() =>
        db
          .select()
          .from(audit)
          .where(
            and(
              tenantId === undefined ? undefined : eq(audit.tenantId, tenantId),
              since === undefined ? undefined : gte(audit.at, since),
              action === undefined
                ? undefined
                : or(eq(audit.action, action), sql`${audit.action} GLOB ${`${action}.*`}`),
            ),
          )
          .orderBy(desc(audit.at), desc(audit.id))
          .limit(limit)
          .all(),
      ),
  }
}
