import type { Ids } from '../clock.ts'
import type { By } from '../db/scope.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Store } from '../db/store.ts'
import { requireName } from '../names.ts'
import type { Keyring } from '../vault/keyring.ts'
import { newWebhookSecret, secretPlace } from '../vault/webhook-secret.ts'

/**
 * The tenant's site of that name, made with a webhook secret of its own when missing. Throws a ValidationError when a new
 * one may not be called so.
 */
export async function ensureSite(
  { store, keyring, ids }: { store: Store; keyring: Keyring; ids: Ids },
  { tenantId, name }: { tenantId: string; name: string },
  by: By,
): Promise<Site> {
  const known = await store.findSite({ tenantId, siteId: null }, name)
  if (known) return known
  requireName('site', name)
  const id = ids.next('sit')
  const webhookSecret = keyring.seal(newWebhookSecret(), secretPlace(id))
  return store.ensureSite({ id, tenantId, name, webhookSecret }, by)
}
