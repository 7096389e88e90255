import { deliveryRow, emailRow, eventRow } from '../vault/sealed-rows.ts'
import type { Keyring } from '../vault/keyring.ts'
import { exportKinds, type ExportKind } from '../db/ports/exports.ts'
import type { Store } from '../db/store.ts'
import type { Tenant } from '../db/ports/tenants.ts'

const page = 200

/**
 * All we hold of a tenant as the pieces of one JSON document, a page of rows at a time: sites, keys without secrets, users,
 * requests, items, accounts, events with their bodies, deliveries, and the audit.
 */
export async function* exportTenant(
  { store, keyring }: { store: Store; keyring: Keyring },
  tenant: Tenant,
  at: number,
): AsyncGenerator<string> {
  const head = { format: 'bank-api-export-1', exported_at: new Date(at).toISOString(), tenant }
  yield JSON.stringify(head).slice(0, -1)
  for (const kind of exportKinds) {
    yield `,\n"${kind}":[`
    let after: string | number | null = null
    for (;;) {
      const rows = await store.listForExport(tenant.id, kind, { after, limit: page })
      const texts = rows.map(({ row }) => JSON.stringify(opened(keyring, kind, row)))
      if (texts.length > 0) yield `${after === null ? '' : ','}\n${texts.join(',\n')}`
      const last = rows.at(-1)
      if (!last || rows.length < page) break
      after = last.key
    }
    yield ']'
  }
  yield '}\n'
}

/** A row with what is sealed in it in the clear: it is the tenant's own. */
function opened(
  keyring: Keyring,
  kind: ExportKind,
  row: Record<string, unknown>,
): Record<string, unknown> {
  const show = (sealed: unknown, name: string): string | null =>
    Buffer.isBuffer(sealed) ? keyring.open(sealed, name).toString('utf8') : null
  if (kind === 'events') return { ...row, body: show(row['body'], eventRow(String(row['id']))) }
  if (kind === 'users') return { ...row, email: show(row['email'], emailRow(String(row['id']))) }
  if (kind === 'attempts') {
    const name = deliveryRow(String(row['deliveryId']))
    return { ...row, response: show(row['response'], name) }
  }
  return row
}
