import type { Ids } from '../clock.ts'
import type { By, Site, Store } from '../db/store.ts'
import type { Keyring } from './keyring.ts'
import { newWebhookSecret, secretPlace } from './webhook-secret.ts'

/** The tenant's site of that name, made with a webhook secret of its own when missing. */
export function ensureSite(
  { store, keyring, ids }: { store: Store; keyring: Keyring; ids: Ids },
  { tenantId, name }: { tenantId: string; name: string },
  by: By,
): Promise<Site> {
  const id = ids.next('sit')
  const webhookSecret = keyring.seal(newWebhookSecret(), secretPlace(id))
  return store.ensureSite({ id, tenantId, name, webhookSecret }, by)
}
