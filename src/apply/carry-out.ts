import { createApiKey } from '../auth/api-keys.ts'
import { ensureSite, type SiteDeps } from '../auth/sites.ts'
import type { By } from '../db/scope.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { DeclaredKey } from './declaration.ts'
import type { Plan } from './plan.ts'

/** A new key with its secret, which is kept before the key is stored: what a crash leaves is a secret that opens nothing. */
interface NewKey {
  tenant: string
  site: string | null
  label: string
  api_key: string
  api_secret: string
}

interface Hands {
  keep(key: NewKey): Promise<void>
  /** Hears of each step that is done. */
  onDone(): void
}

/**
 * Makes what a plan says is missing, in its order, each step a commit of its own. One that is cut off is planned anew: what was
 * done is found, and what was not is done.
 */
export async function carryOut(
  deps: SiteDeps,
  { tenants }: Plan,
  hands: Hands,
  by: By,
): Promise<void> {
  const { store, ids } = deps
  for (const planned of tenants) {
    const { name } = planned
    const tenant = planned.found ?? (await store.createTenant({ id: ids.next('ten'), name }, by))
    await makeKeys(deps, { tenant, site: null }, planned.newKeys, hands, by)
    for (const { name: siteName, found, change, newKeys } of planned.sites) {
      const site = found ?? (await ensureSite(deps, { tenantId: tenant.id, name: siteName }, by))
      if (Object.keys(change).length > 0) await store.updateSite(site.id, change, by)
      hands.onDone()
      await makeKeys(deps, { tenant, site }, newKeys, hands, by)
    }
  }
}

async function makeKeys(
  deps: SiteDeps,
  { tenant, site }: { tenant: Tenant; site: Site | null },
  keys: readonly DeclaredKey[],
  { keep, onDone }: Hands,
  by: By,
): Promise<void> {
  for (const { label, read_only: readOnly } of keys) {
    const beforeStored = ({ apiKey, apiSecret }: { apiKey: string; apiSecret: string }) =>
      keep({
        tenant: tenant.name,
        site: site?.name ?? null,
        label,
        api_key: apiKey,
        api_secret: apiSecret,
      })
    await createApiKey(deps, { tenant, site, label, readOnly, beforeStored }, by)
    onDone()
  }
}
