import type { AuditEntry } from '../ports/audit.ts'
import type { Session } from '../ports/sessions.ts'

/** What the audit says of a way in: the console's stands under nobody, a site's page under its tenant. */
export function sessionNote(
  { id: subject, who, tenantId, siteId }: Pick<Session, 'id' | 'who' | 'tenantId' | 'siteId'>,
  became: 'offered' | 'entered' | 'ended',
  by: Pick<AuditEntry, 'at' | 'actor'>,
): AuditEntry {
  if (tenantId === null) {
    const entry = { ...by, action: `console.${became}`, subject }
    return became === 'entered' ? entry : { ...entry, detail: { who } }
  }
  const detail = became === 'offered' ? { site: siteId } : {}
  return { ...by, tenantId, action: `portal.${became}`, subject, detail }
}
