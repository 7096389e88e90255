import type { AuditStore } from '../db/ports/audit.ts'
import type { Log } from '../logger.ts'

const batch = 200

/**
 * Logs the audit entries that were not logged yet, in order, and remembers how far it came: after a crash some are logged
 * again, under the same number, and none is left out. True when there may be more. Details stay in the database, and so does
 * what is added to a counted entry later.
 */
export async function logAudit({
  store,
  log,
}: {
  store: Pick<AuditStore, 'listUnloggedAudit' | 'markAuditLogged'>
  log: Pick<Log, 'info'>
}): Promise<boolean> {
  const entries = await store.listUnloggedAudit(batch)
  for (const { id, at, tenantId, actor, action, subject, count } of entries) {
    const time = new Date(at).toISOString()
    log.info(
      { entry: id, at: time, tenant: tenantId, actor, action, subject, count },
      'audit entry',
    )
  }
  const last = entries.at(-1)
  if (last) await store.markAuditLogged(last.id)
  return entries.length === batch
}
