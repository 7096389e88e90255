import type { Ids } from '../clock.ts'
import type { By } from '../db/scope.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Store } from '../db/store.ts'
import { ValidationError } from '../errors.ts'
import { requireName } from '../names.ts'
import type { Keyring } from '../vault/keyring.ts'
import { tenantLimits } from './limits.ts'
import { secretRow } from '../vault/sealed-rows.ts'
import { newWebhookSecret } from '../vault/webhook-secret.ts'

/** What it takes to make a site. */
export interface SiteDeps {
  store: Store
  keyring: Keyring
  ids: Ids
}

/**
 * The tenant's site of that name, made with a webhook secret of its own when missing. Throws a ValidationError when a new
 * one may not be called so.
 */
export async function ensureSite(
  { store, keyring, ids }: SiteDeps,
  { tenantId, name }: { tenantId: string; name: string },
  by: By,
): Promise<Site> {
  const known = await store.findSite({ tenantId, siteId: null }, name)
  if (known) return known
  requireName('site', name)
  const id = ids.next('sit')
  const webhookSecret = keyring.seal(newWebhookSecret(), secretRow(id))
  return store.ensureSite({ id, tenantId, name, webhookSecret }, by)
}

/** The same for a caller: as many sites as a tenant's keys may make. Throws a ValidationError beyond. */
export async function ensureSiteFor(
  deps: SiteDeps,
  site: { tenantId: string; name: string },
  by: By,
): Promise<Site> {
  if ((await deps.store.countHeld(site.tenantId)).sites >= tenantLimits.sitesPerTenant) {
    throw new ValidationError('too_many_sites')
  }
  return ensureSite(deps, site, by)
}
